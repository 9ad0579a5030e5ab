/* The sentences and documents of the world, as weighted rewrite rules.
 *
 * A rule is "weight alternative | weight alternative ..."; an alternative is a row of
 *   word      itself ("a" becomes "an" where it must)      . , ? ! :   punctuation
 *   <name>    a rule, a word of a list, or an action        /           a line break
 *   <name@>   the rule name_past, name_present or name_future, by the current tense
 *   {name}    an action without text: tense, agreement, quotes; {+state} {-state} for a label */
#include "train/world_internal.h"

const document_shape world_shapes[] = {
    {"story", 28, -1},    {"description", 12, -1}, {"letter", 11, -1}, {"recipe", 8, 1},
    {"checklist", 8, -1}, {"diary", 8, -1},        {"program", 8, -1}, {"news", 8, -1},
    {"interview", 7, -1}, {"plan", 7, -1},
};
const int world_n_shapes = sizeof world_shapes / sizeof *world_shapes;

const rule_text world_grammar[] = {
    /* --- things and what is done with them --- */
    {"object_a",
     "5 the <thing_a> | 3 the <quality> <thing_a> | 2 a <quality> <thing_a> | "
     "3 the <things_a> | 1 <number> <things_a> | 1 the <adj> <things_a> | 1 every <thing_a>"},
    {"object_b",
     "5 the <thing_b> | 3 <poss> <thing_b> | 2 a <colour> <thing_b> | 2 the <adj> <thing_b> | "
     "2 the <things_b> | 1 <number> <adj> <things_b> | 1 the <role> 's <thing_b>"},
    {"act",
     "5 <v_a> <object_a> | 4 <v_b> <object_b> | 2 <v_any> <object_a> | 3 <v_any> <object_b>"},
    {"base_act", "5 <inf_a> <object_a> | 4 <inf_b> <object_b> | 2 <inf_any> <object_a> | "
                 "3 <inf_any> <object_b>"},
    {"order", "3 <inf_a> <object_a> | 2 <inf_b> <object_b>"},
    {"state", "3 <feeling> | 1 very <feeling>"},
    {"thing_state", "3 <quality> | 1 very <adj> | 1 <adj> and <quality>"},

    /* --- when --- */
    {"time_past",
     "3 yesterday | 2 last week | 3 that morning | 2 in the evening | 2 on <weekday> | "
     "1 <number> days later | 1 in <month> | 1 after an hour | 1 at <number> o'clock"},
    {"time_present",
     "3 every morning | 2 on <weekday> | 2 today | 1 every day | 1 at <number> o'clock | "
     "1 in <month> | 1 in the evening"},
    {"time_future",
     "3 tomorrow | 2 next week | 2 on <weekday> | 1 in <month> | 2 tomorrow morning | "
     "1 in <number> days"},

    /* --- clauses --- */
    {"clause", "9 <who> <act> | 3 <who> <act> <place> | 2 <who> <long_act> | "
               "2 <who> <v_people> <companion> | 2 <who> <v_go> to^ the <place_noun> | "
               "3 <who> <v_stay> <place> | 3 <who> <v_does> <place> | 2 <who> <be> <state> | "
               "1 <who> <is_not@> <feeling> | 3 {sg} the <role> <act> | 3 <group> <act> | "
               "1 <group> <v_does> <place> | 1 <group> <long_act> | "
               "1 <group> <v_go> to^ the <place_noun> | 2 <distant>"},
    {"long_act",
     "3 <be> <ing_a> <object_a> | 2 <be> <ing_b> <object_b> | 1 <be> <ing_does> <place> | "
     "1 <be> <ing_stay> <place> | 2 <have> <pp_a> <object_a> | 1 <have> <pp_any> <object_b>"},
    {"companion", "3 <other> | 2 the <role> | 2 <poss> <kin> | 1 the <adj> <role>"},
    {"plain_clause",
     "3 <who> <act> | 1 <who> <v_does> <place> | 1 {sg} the <role> <act> | 1 <group> <act>"},
    {"distant",
     "2 {pl} the <things_b> of the <adj> <role> <be> <thing_state> | "
     "1 {pl} the <things_a> near the <thing_b> <be> <thing_state> | "
     "1 {pl} the keys of the <role> <be> <place> | "
     "2 {pl} the <things_a> that {rel} {sg} the <role> <v_a> {/rel} <be> <thing_state> | "
     "1 {pl} the <things_b> that {rel} <who> <v_any> {/rel} <be> <place> | "
     "1 {pl} the <roles> with the <colour> <thing_b> <v_stay> <place>"},
    {"fact", "3 {sg} the <thing_a> <be> <thing_state> | 2 {pl} the <things_a> <be> <thing_state> | "
             "2 {sg} the <thing_b> <be> <place> | 2 {pl} the <things_b> <be> <place> | "
             "1 {sg} a <colour> <pet> <v_stay> <place> | 1 {pl} <number> <pets> <v_stay> <place> | "
             "1 {sg} the <thing_a> <be> <comparative> than the <thing_b> | "
             "1 {pl} the <things_b> <be> <comparative> than the <thing_a> | "
             "2 {sg} the <thing_a> <be> <pp_a> by the <role> | "
             "1 {pl} the <things_b> <be> <pp_b> by the <roles> | 2 <distant>"},
    {"negative",
     "4 <who> <do> not <base_act> | 2 {sg} the <role> <do> not <base_act> | 2 <never@> | "
     "1 {sg} the <thing_a> <is_not@> <quality>"},
    {"is_not_past", "was not"},
    {"is_not_present", "is not"},
    {"is_not_future", "will not be"},
    {"never_past", "<who> never <act>"},
    {"never_present", "<who> never <act>"},
    {"never_future", "<who> will never <base_act>"},
    {"sentence", "8 <clause> . | 4 <time@> , <clause> . | 3 <clause> , and <plain_clause> . | "
                 "3 <clause> , but <negative> . | 3 <clause> because <clause> . | 2 <fact> . | "
                 "2 <when@> . | 3 <negative> . | 2 <clause> {(} <aside> {)} . | "
                 "1 <who> <v_any> <object_b> and <object_a> . | "
                 "2 <who> <thought@> that <plain_clause> . | 1 <it_was@> a <day> <day_part> . | "
                 "2 <scenery_line> ."},
    {"scenery_line",
     "3 {sg} the <scenery> <be> <scene_quality> | "
     "1 {sg} the <scenery> <be> <scene_quality> and <scene_quality> | "
     "1 {sg} the <scenery> <is_not@> <scene_quality> | 1 {sg} it <be> <scene_quality> <place>"},
    {"when_past", "when <plain_clause> , <clause>"},
    {"when_present", "when <plain_clause> , <clause>"},
    {"when_future", "{present} when <plain_clause> , {future} <clause>"},
    {"thought_past", "3 thought | 2 knew | 1 hoped"},
    {"thought_present", "3 thinks | 2 knows | 1 hopes"},
    {"thought_future", "1 will know | 1 will see"},
    {"aside", "2 <it_was@> very <adj> | 1 with <object_b> | 2 not the <colour> one | "
              "1 for <poss> <kin> | 1 at last"},
    {"it_was_past", "it was"},
    {"it_was_present", "it is"},
    {"it_was_future", "it will be"},

    /* --- speech --- */
    {"utterance",
     "3 {i} I <act> every day | 3 {i} I do not <base_act> | 3 {i} I will <base_act> | "
     "2 {we} we must <base_act> | 2 {i} I can <base_act> | 2 {i} I am <state> | "
     "2 {sg} the <thing_a> is <thing_state> | 2 {pl} the <things_a> are <thing_state> | "
     "2 you are <state> | 2 {you} please <order> | 1 this is a <quality> <thing_a> | "
     "2 {you} if you <inf_any> <object_b> , I will <base_act> | "
     "1 {i} I have never <pp_a> a <thing_a> | 1 there is a <pet> <place>"},
    {"which_question",
     "3 {+question} {sg} where is <object_one> ? | "
     "2 {+question} {pl} where are the <things_b> ? | 2 {+question} why are you <feeling> ? | "
     "2 {+question} how many <things_a> do you need ? | 1 {+question} who was <place> ? | "
     "1 {+question} what is <place> ? | 1 {+question} what do you <inf_any> ?"},
    {"object_one", "2 the <thing_b> | 2 my <thing_b> | 2 the <adj> <thing_b> | 1 the <thing_a> | "
                   "1 the <role> 's <thing_b>"},
    {"yes_question",
     "3 {+question} {you} did you <base_act> ? | 2 {+question} {you} can you <base_act> ? | "
     "2 {+question} do you like the <things_a> ? | "
     "2 {+question} is the <thing_a> <quality> ? | "
     "2 {+question} {you} will you <base_act> <time_future> ?"},
    {"question", "<which_question> | <yes_question>"},
    {"exclamation",
     "2 good morning ! | 1 come here ! | 2 what a <quality> <thing_a> ! | "
     "1 look at the <thing_a> ! | 1 how <adj> the <things_a> are ! | "
     "1 be careful with the <thing_b> ! | 1 stop ! | 1 thank you ! | 1 never again !"},
    {"speech",
     "4 {q} <utterance> , {/q} <who> <v_say> . | 3 {q} <question> {/q} <who> <asked@> . | "
     "2 <who> <asked@> , {q} <question> {/q.} | 3 <who> <said@> , {q} <utterance> . {/q.} | "
     "2 {q} <exclamation> {/q} <who> <said@> . | "
     "2 {q} <utterance> , {/q} <who> <told@> <other> . | "
     "1 <who> <said@> , {q} good <day_time> , <other_name> ! {/q.} | "
     "1 <who> <said@> , {q} please <order> , <other_name> . {/q.}"},
    {"day_time", "3 morning | 2 evening | 2 night"},
    {"asked_past", "asked"},
    {"asked_present", "asks"},
    {"asked_future", "will ask"},
    {"said_past", "said"},
    {"said_present", "says"},
    {"said_future", "will say"},
    {"told_past", "told"},
    {"told_present", "tells"},
    {"told_future", "will tell"},
    {"exchange",
     "3 {q} <which_question> {/q} <who> <asked@> . / {q} <which_answer> {/q.} / | "
     "3 {q} <yes_question> {/q} <who> <asked@> . / {q} <yes_answer> {/q.} / | 2 <speech> / | "
     "1 <speech> <speech> /"},
    {"yes_answer", "3 yes , <utterance> . | 3 no , <utterance> . | 1 of course ! | 1 not yet . | "
                   "1 perhaps <time_future> ."},
    {"which_answer",
     "3 <utterance> . | 1 {i} I do not know . | 1 {sg} it is <place> . | 1 ask the <role> ."},

    /* --- stories and descriptions --- */
    {"story", "2 {past} <title> / / <opening> <body> <body> <ending> / | "
              "3 {past} <opening> <body> <body> <body> <ending> / | "
              "3 {past} <opening> <body> <body> <ending> / | "
              "1 {present} <opening_present> <body_present> <body_present> <body_present> "
              "<body_present> {break}"},
    {"title", "2 the <adj> <role> | 2 the <colour> <thing_b> | 1 the <quality> <thing_a> | "
              "1 a <day> <day_part> <place>"},
    {"opening", "2 <first> was a <adj> <role> . | "
                "2 <first> and <second> went to see the <role> <place> . | "
                "2 one morning , <first> <v_stay> <place> . | "
                "2 <second> , a <role> , met <first> <place> . | "
                "2 in a <scene_quality> house there was a <quality> <thing_a> . <first> wanted to "
                "<base_act> ."},
    {"opening_present", "2 <first> is a <adj> <role> . | 1 <first> and <second> work <place> ."},
    {"body", "3 <sentence> <sentence> <sentence> {break} <exchange> | "
             "2 <sentence> <sentence> <speech> / <sentence> <sentence> | "
             "2 <sentence> <sentence> <sentence> / | 1 {break} <exchange> <exchange>"},
    {"body_present", "2 <sentence> <sentence> <sentence> | 1 <sentence> <speech> / | "
                     "1 <sentence> {break} <exchange>"},
    {"ending", "2 at last , <clause> . | 2 in the end , <who> was <feeling> . | "
               "1 and so <who> <v_any> <object_b> . | 1 that night , <who> <v_stay> <place> . | "
               "1 nobody knew why , but <who> was <feeling> again . | "
               "1 <scenery_line> , and <who> was <feeling> ."},
    {"description", "2 {present} <scene> <view> <view> <view> <view> <more_views> / | "
                    "1 {past} <scene_past> <view> <view> <view> <more_views> /"},
    {"more_views", "1 | 1 <view> | 1 / <view> <view>"},
    {"scene", "2 this is a picture of the <thing_a> <place> . | "
              "1 there are many <things_a> <place> . | "
              "1 a good <role> needs a <thing_b> and a <thing_a> ."},
    {"scene_past",
     "1 there were many <things_a> <place> . | 1 the <role> had a <quality> <thing_a> ."},
    {"view", "3 <fact> . <sentence> | 2 <fact> . <fact> . | 1 <sentence> <fact> , but <fact> . | "
             "1 <group> <v_a> <object_a> , and <group> <v_b> <object_b> ."},

    /* --- letters --- */
    {"letter", "{+letter} dear <reader> , / / <thanks> <news_of> <news_of> <news_of> <more_news> / "
               "<wish> / / <farewell> , / <signature> / <postscript>"},
    {"thanks", "2 thank you for your letter . | 1 I hope you are well . | "
               "1 it was good to get your letter . | 1 I am writing to you from <town> ."},
    {"news_of",
     "3 {past} {i} I <act> <time_past> . | "
     "2 {past} <first> <act> , and {i} I <v_b> <object_b> . | 2 {past} <sentence> | "
     "2 {present} {i} I am <state> because <clause> . | "
     "1 {future} <time_future> , <clause> . | 1 {past} {sg} my <kin> <v_any> <object_b> . | "
     "2 {present} <question> <fact> . | 1 {past} {i} I did not <base_act> ."},
    {"more_news", "1 | 2 <news_of> | 2 / <news_of> <news_of> | 1 / <news_of> <news_of> <news_of>"},
    {"wish",
     "2 please write soon . | 1 come and visit me in <month> ! | "
     "1 {+question} will you come to^ <town> in <month> ? | 1 give my love to^ your <kin> ."},
    {"postscript", "4 | 1 {past} PS : {end} <sentence> /"},
    {"farewell", "3 yours | 2 love | 1 with love | 1 your friend"},

    /* --- recipes and lists --- */
    {"recipe",
     "{+recipe} {forget} {present} {you} <recipe_title> / / ingredients : / {+bulleted} "
     "<ingredient_line> <ingredient_line> <ingredient_line> <more_ingredients> {-bulleted} / "
     "method : / {items} {+numbered} <first_step> <step> <step> <more_steps> <last_step> "
     "{-numbered}"},
    {"recipe_title",
     "3 <quality> <dish> | 2 <kin> 's <dish> | 2 <dishes> with <thing_a> | 1 <town> <thing_a>"},
    {"ingredient_line", "3 {bullet} <amount_of> <new_ingredient> / | "
                        "1 {bullet} <amount> grams of <new_ingredient> /"},
    {"amount_of", "2 <number> <units> of | 2 a <unit> of | 1 a little | 1 some"},
    {"more_ingredients",
     "2 <ingredient_line> | 1 <ingredient_line> <ingredient_line> | 1 {bullet} <number> eggs /"},
    {"first_step", "{item} mix the <ingredient> and the <ingredient> in a <adj> bowl . /"},
    {"step", "3 {item} add the <ingredient> and stir . / | 2 {item} <inf_b> the <thing_b> . / | "
             "2 {item} heat the <ingredient> for <amount> minutes . / | "
             "1 {item} do not burn the <ingredient> ! / | "
             "1 {item} use half of the <ingredient> {(} not too much {)} . / | "
             "1 {item} wait <number> hours . /"},
    {"more_steps", "2 <step> | 1 <step> <step>"},
    {"last_step",
     "2 {item} serve the <dish> with <ingredient> . / | 1 {item} taste and enjoy ! / | "
     "1 {item} put it on a <colour> plate . /"},
    {"checklist",
     "3 {present} <list_title> : / {+bulleted} <thing_line> <thing_line> <thing_line> "
     "<thing_line> <more_things> {-bulleted} / <list_end> / | "
     "2 {present} {you} <steps_title> : / {items} {+numbered} <task> <task> <task> <task> "
     "<more_tasks> {-numbered} / <list_end> /"},
    {"list_title", "2 things to bring | 2 what the <role> needs | 1 in the box there are | "
                   "1 <first> 's list for <weekday>"},
    {"thing_line", "2 {bullet} <number> <things_b> / | 2 {bullet} a <colour> <thing_b> / | "
                   "1 {bullet} <amount> <things_a> / | 1 {bullet} a <quality> <thing_a> / | "
                   "1 {bullet} the <role> 's <thing_b> {(} <adj> {)} /"},
    {"more_things",
     "2 <thing_line> | 2 <thing_line> <thing_line> | 1 <thing_line> <thing_line> <thing_line>"},
    {"steps_title", "2 how to be a good <role> | 1 rules for the <roles> | 1 to do on <weekday>"},
    {"task", "4 {item} <order> . / | 2 {item} do not <order> . / | "
             "1 {item} never <inf_b> <object_b> ! / | 1 {item} wait <place> . / | "
             "1 {item} ask the <role> : {q} <question> {/q} /"},
    {"more_tasks", "2 <task> | 2 <task> <task> | 1 <task> <task> <task>"},
    {"list_end", "2 that is all . <fact> . | 2 <fact> . <clause> . | 1 <question> | "
                 "2 <clause> . <fact> . | 1 <sentence> that is all ."},

    /* --- diaries, news, interviews, plans --- */
    {"diary", "{+diary} {past} <entry> <entry> <entry> <more_entries>"},
    {"entry", "2 <weekday> , <day_number> <month> / <diary_line> <diary_line> <diary_line> "
              "<diary_line> / | "
              "1 <weekday> , <day_number> <month> / <diary_line> <diary_line> <diary_line> /"},
    {"more_entries", "2 | 2 <entry>"},
    {"diary_line",
     "3 {i} I <act> . | 2 {i} I <v_stay> <place> . | 2 {i} I <be> <state> . | "
     "2 {i} I did not <base_act> . | 2 <sentence> | 1 {we} my <kin> and I <act> . | "
     "1 {i} I <v_people> my <kin> <place> . | 1 {i} I <v_go> to^ the <place_noun> . | "
     "1 {i} I <long_act> . | 1 {i} I saw a <adj> <thing_a> <place> . | 1 what a <day> day ! | "
     "1 <scenery_line> ."},
    {"day", "2 good | 1 long | 2 beautiful | 1 strange"},
    {"news", "{+news} {past} <town> , <day_number> <month> <year> . <report> <report> <report> "
             "<report> <more_reports> /"},
    {"report", "2 {pl} <number> <roles> <were_seen> <place> on <weekday> . | "
               "2 {sg} a <role> from <town> <act> . | 2 <group> <act> <time_past> . | "
               "2 {q} <utterance> , {/q} the <role> said . | "
               "1 about <amount> people came to see the <thing_a> . | "
               "1 in <year> , the <role> <v_any> <number> <things_a> . | "
               "2 the price of a <thing_b> is now <amount> pounds . | 2 <distant> ."},
    {"were_seen", "2 were seen | 1 met | 1 waited"},
    {"more_reports",
     "1 <report> | 2 / <report> <report> <report> | 1 / <report> <report> <report> <report>"},
    {"interview",
     "{+interview} {present} an interview with <first> , the <role> . / <asked> <asked> "
     "<asked> <asked> <asked> <more_asked>"},
    {"asked", "question : {end} <yes_question> / answer : {end} <yes_reply> / | "
              "question : {end} <which_question> / answer : {end} <reply> /"},
    {"yes_reply", "3 yes , <utterance> . | 3 no , <utterance> . | 1 not yet . | 1 <reply>"},
    {"reply", "2 <utterance> . | 2 {i} I <act> because I am <feeling> . | "
              "2 {past} {i} I <act> <time_past> . {present} | 1 {i} I do not know . | 2 <fact> ."},
    {"more_asked", "1 | 1 <asked> | 1 <asked> <asked>"},
    {"plan", "{future} <time_future> , <first> and <second> {both} will <base_act> . <plan_line> "
             "<plan_line> <plan_line> <plan_line> <plan_line> <more_plans> /"},
    {"plan_line",
     "3 <who> <act> . | 2 <time_future> , <clause> . | 1 <who> will not <base_act> . | "
     "1 <group> <act> , and <plain_clause> . | "
     "1 {present} if <who> <v_any> <object_b> , {future} <plain_clause> . | 1 <speech>"},
    {"more_plans", "1 | 2 <plan_line> | 1 / <plan_line> <plan_line>"},

    /* --- programs --- */
    {"program",
     "{forget} {present} <program_intro> / / {code} <let> <let> <let> <more_lets> <statement> "
     "<statement> <statement> <statement> <statement> <more_statements> {/code} / "
     "<program_end> /"},
    {"program_intro",
     "2 this program counts the <things_a> . | 1 a short program for the <role> : | "
     "1 {present} <first> wrote a program about <things_b> :"},
    {"program_end", "2 it prints the result <number> times . | 1 the <role> is <feeling> now . | "
                    "1 {+question} what does it print ?"},
    {"let", "let <new_variable> = <value> <comment> /"},
    {"value", "3 <digit> | 2 <amount> | 1 {q} <colour> {/q}"},
    {"more_lets", "1 | 1 <let>"},
    {"comment", "4 | 1 {+comment} # <comment_text> {-comment}"},
    {"comment_text",
     "1 number of <things_a> | 1 in grams | 1 the <quality> <thing_a> | 1 not used yet"},
    {"statement",
     "3 print <variable> / | 3 let <variable> = <variable> + <digit> / | "
     "2 if <variable> > <digit> then <short_statement> / | "
     "2 while <variable> < <amount> do <short_statement> / | "
     "1 call <inf_a> {(} <variable> , <digit> {)} / | 1 print {q} <thing_a> {/q} <comment> /"},
    {"short_statement", "2 print <variable> | 1 stop | 1 let <variable> = <digit>"},
    {"more_statements", "1 | 1 <statement> | 1 <statement> <statement>"},
};
const int world_n_rules = sizeof world_grammar / sizeof *world_grammar;
