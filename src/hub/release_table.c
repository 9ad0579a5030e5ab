/* Data table of the releases that come with the program: what SAELens 6.54 lists in
 * pretrained_saes.yaml and what its loaders (loading/pretrained_sae_loaders.py) add, as patterns.
 */
#include "hub/release.h"
#include "base/memory.h"

/* Which average L0 "canonical" stands for, by layer. */
static const int canonical_2b_pt_res_16k[26] = {105, 102, 141, 59, 124, 68, 70, 69, 71,
                                                73,  77,  80,  82, 84,  84, 78, 78, 77,
                                                74,  73,  71,  70, 72,  75, 73, 116};
static const int canonical_2b_pt_res_65k[26] = {73,  121, 77,  89,  89,  105, 107, 107, 111,
                                                118, 128, 70,  72,  75,  73,  127, 128, 125,
                                                116, 115, 114, 111, 116, 123, 124, 93};
static const int canonical_2b_pt_mlp_16k[26] = {119, 105, 95,  95,  85,  114, 133, 60, 136,
                                                88,  110, 98,  108, 112, 97,  80,  72, 68,
                                                106, 109, 109, 113, 121, 128, 73,  126};
static const int canonical_2b_pt_mlp_65k[26] = {72, 127, 134, 68, 66, 86,  101, 115, 110,
                                                77, 95,  88,  96, 98, 89,  72,  66,  136,
                                                88, 88,  88,  86, 92, 102, 128, 107};
static const int canonical_2b_pt_att_16k[26] = {104, 79,  93, 117, 116, 135, 61, 99, 129,
                                                127, 70,  80, 85,  92,  71,  98, 71, 79,
                                                72,  122, 62, 65,  106, 73,  96, 77};
static const int canonical_2b_pt_att_65k[26] = {75,  98,  125, 83,  87,  99,  112, 96,  112,
                                                107, 67,  75,  79,  87,  66,  90,  129, 70,
                                                123, 106, 102, 118, 112, 140, 77,  63};
static const int canonical_9b_pt_res_16k[42] = {
    129, 69,  67,  90,  91,  77,  93,  92,  99,  100, 113, 118, 130, 132,
    67,  131, 75,  73,  71,  132, 68,  129, 123, 120, 114, 114, 116, 118,
    119, 119, 120, 114, 111, 114, 114, 120, 120, 124, 128, 131, 125, 113};
static const int canonical_9b_pt_res_131k[42] = {
    41,  56,  70,  103, 101, 94,  120, 119, 72,  75,  84,  88, 96, 99,
    105, 103, 121, 117, 113, 110, 114, 109, 105, 101, 97,  96, 97, 96,
    98,  97,  95,  92,  88,  91,  89,  94,  93,  96,  101, 99, 94, 84};
static const int canonical_9b_pt_mlp_16k[42] = {
    50,  128, 81,  126, 66, 93,  96,  101, 124, 83,  114, 76, 96,  94,
    97,  107, 91,  104, 89, 98,  108, 88,  85,  73,  73,  72, 142, 126,
    115, 111, 116, 94,  98, 107, 107, 108, 109, 119, 98,  90, 74,  126};
static const int canonical_9b_pt_mlp_131k[42] = {
    30, 106, 61, 109, 84, 131, 72, 75, 89, 129, 83, 120, 77, 75, 80, 89, 81, 91, 82, 85,  93,
    79, 77,  67, 67,  65, 110, 99, 91, 87, 89,  77, 76,  83, 82, 80, 81, 90, 79, 75, 125, 99};
static const int canonical_9b_pt_att_16k[42] = {
    61, 77, 69, 102, 126, 125, 108, 70, 65, 71, 132, 67, 68, 77, 81, 79, 81, 110, 80, 86, 76,
    86, 70, 80, 79,  73,  75,  136, 71, 76, 73, 73,  74, 78, 91, 77, 69, 82, 81,  77, 91, 129};
static const int canonical_9b_pt_att_131k[42] = {
    55,  116, 135, 119, 75,  78,  73,  106, 98,  111, 97,  104, 110, 126,
    131, 130, 71,  90,  69,  71,  125, 71,  115, 66,  130, 115, 120, 102,
    115, 128, 109, 117, 117, 128, 63,  124, 105, 124, 135, 120, 64,  92};

/* Which version gpt2-small-mlp-tm takes of each layer. */
static const int gpt2_small_mlp_tm_versions[12] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2};

/* norm_scaling_factor of gpt2-small-mlp-tm by layer, and of the one in gemma-2b-res-jb. */
static const double gpt2_small_mlp_tm[12] = {
    1.049317316132615,  2.3693984005104283, 1.6411934982190302, 1.8958522157897557,
    1.81673478700627,   1.550234472245924,  1.3237742807210804, 1.1042905114723296,
    0.9123762783479742, 0.6955335635232373, 0.3619728926727644, 0.2851548652550073};
static const double gemma_2b_res_jb_12[1] = {0.21381938399317255};

/* norm_scaling_factor of llama_scope_r1_distill by layer, for each mixture of training data. */
static const double r1_slimpajama[32] = {
    53.52995401997436,  37.07457226753229,  26.801271953747353, 20.258785842428143,
    16.35620323956284,  13.77273090622553,  11.802642616140206, 10.345622082873675,
    9.52711219837399,   8.722802553532865,  8.187374613072596,  7.681409438301019,
    7.011470964851573,  6.507851835301529,  6.075830839342571,  5.529329506982431,
    5.04125765694814,   4.543060254752811,  4.136073768441771,  3.8186778444880143,
    3.4997662089479755, 3.114875161525094,  2.858677637086371,  2.6143620233159384,
    2.406593266301888,  2.2185540508553694, 2.038628827422577,  1.8664054897001374,
    1.6914743009513147, 1.530389056066687,  1.3378642198135962, 1.0963025732622191};
static const double r1_both[32] = {
    53.97673033497749,  36.76995792628666,  26.86329549484781,  20.473522361966317,
    16.491433880849524, 13.902529211394633, 11.959185891949216, 10.454685082137889,
    9.625849752730096,  8.705443147441324,  8.0884989084078,    7.449578399564585,
    6.80144905444981,   6.331711239265464,  5.70284230018703,   5.318041374444156,
    4.79639347416429,   4.333554093692626,  3.9386839067851334, 3.584045063066589,
    3.4122850442674064, 2.9930188471058385, 2.7548717844301582, 2.5281942698718076,
    2.326851186904894,  2.101068654605767,  1.9361189375890395, 1.7784660082777055,
    1.6635049539624462, 1.448853212514504,  1.157008764313032,  1.041977999933546};
static const double r1_math[32] = {
    54.308791085956486, 36.49473030775242,  26.96126387031055,  20.52210199911164,
    16.67733543806145,  14.067505043509176, 12.034338704494331, 10.495662821867164,
    9.683004157081735,  8.679730500864236,  7.988383971728427,  7.237531143695951,
    6.69444885029299,   6.0489858065009265, 5.4935929917888595, 4.970860531188141,
    4.541887865516153,  4.111292885351861,  3.7319009471881754, 3.4464218438335172,
    3.1614163309538377, 2.8600260547627334, 2.636157171207381,  2.4287397996449367,
    2.2405978768214556, 2.034659098936678,  1.8430054630341937, 1.6554423260870552,
    1.477070442772071,  1.3361543238773446, 1.1387454210154435, 0.926395749048437};

/* Every layer that a model here has; the folder decides. */
#define ANY_LAYER .last_layer = 199

/* Read by SAELens's own loader: cfg.json says the rest. */
#define SAE_LENS(release_, id_, repo_, folder_, last, model_, hook_)                               \
    .release = release_, .id = id_, .repo = repo_, .folder = folder_, .last_layer = last,          \
    .layout = "sae_lens", .model = model_, .hook = hook_

/* Gemma Scope has no cfg.json: hook, context and BOS come from the names (gemma_2 loader). */
#define GEMMA_SCOPE(release_, id_, repo_, folder_, model_, hook_)                                  \
    .release = release_, .id = id_, .repo = "google/" repo_, .folder = folder_,                    \
    .layout = "gemma_2", .model = model_, .hook = hook_, .normalize_activations = "none",          \
    .context = 1024, .prepend_bos = HUB_YES
#define CANONICAL(repo_, width, model_, hook_)                                                     \
    GEMMA_SCOPE(repo_ "-canonical", "layer_{L}/" width "/canonical", repo_,                        \
                "layer_{L}/" width "/average_l0_{N}", model_, hook_)
#define CANONICAL_ONE(repo_, layer, width, l0, model_, hook_)                                      \
    {                                                                                              \
        GEMMA_SCOPE(repo_ "-canonical", "layer_{L}/" width "/canonical", repo_,                    \
                    "layer_{L}/" width "/average_l0_" l0, model_, hook_),                          \
            .first_layer = layer, .last_layer = layer                                              \
    }
#define BY_FOLDER(repo_, model_, hook_)                                                            \
    {                                                                                              \
        GEMMA_SCOPE(repo_, "layer_{L}/width_{W}/average_l0_{A}", repo_,                            \
                    "layer_{L}/width_{W}/average_l0_{A}", model_, hook_),                          \
            ANY_LAYER                                                                              \
    }

/* Gemma Scope 2: {S} the size, {T} pt or it. */
#define GEMMA_SCOPE_2(kind, id_, folder_, hook_, hook_out_)                                        \
    {                                                                                              \
        .release = "gemma-scope-2-{S}-{T}-" kind, .id = id_,                                       \
        .repo = "google/gemma-scope-2-{S}-{T}", .folder = folder_, .layout = "gemma_3",            \
        .model = "gemma-3-{S}-{T}", .hook = hook_, .hook_out = hook_out_,                          \
        .normalize_activations = "none", .context = 1024, .prepend_bos = HUB_YES, ANY_LAYER        \
    }

/* hyperparams.json holds the constant that activations are scaled by. */
#define LLAMA_SCOPE(small, large)                                                                  \
    {                                                                                              \
        .release = "llama_scope_lx" small "_{X}x", .id = "l{L}" small "_{X}x",                     \
        .repo = "fnlp/Llama3_1-8B-Base-LX" large "-{X}x",                                          \
        .folder = "Llama3_1-8B-Base-L{L}" large "-{X}x", .last_layer = 31,                         \
        .layout = "llama_scope", .model = "meta-llama/Llama-3.1-8B", .context = 1024,              \
        .prepend_bos = HUB_YES                                                                     \
    }

/* Here the table holds it. */
#define LLAMA_SCOPE_R1(data, folder_, factors)                                                     \
    {                                                                                              \
        .release = "llama_scope_r1_distill", .id = "l{L}r_" data,                                  \
        .repo = "fnlp/Llama-Scope-R1-Distill", .folder = folder_ "/L{L}R", .last_layer = 31,       \
        .layout = "llama_scope_r1_distill", .model = "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",   \
        .context = 1024, .prepend_bos = HUB_YES, .scaling = factors, .n_scaling = 32               \
    }

#define DICTIONARY_LEARNING(release_, id_, repo_, folder_, model_)                                 \
    {                                                                                              \
        .release = release_, .id = id_, .repo = repo_, .folder = folder_, ANY_LAYER,               \
        .layout = "dictionary_learning_1", .model = model_, .hook = "blocks.{L}.hook_resid_post",  \
        .prepend_bos = HUB_YES                                                                     \
    }

#define QWEN3_TRANSCODER(name, last, model_)                                                       \
    {                                                                                              \
        .release = "mwhanna-" name, .id = "layer_{L}", .repo = "mwhanna/" name,                    \
        .folder = "layer_{L}.safetensors", .last_layer = last, .layout = "mwhanna_transcoder",     \
        .model = model_, .hook = "blocks.{L}.mlp.hook_in", .hook_out = "blocks.{L}.hook_mlp_out",  \
        .normalize_activations = "none", .fold_ln = HUB_NO                                         \
    }

#define RESID_PRE "blocks.{L}.hook_resid_pre"
#define RESID_MID "blocks.{L}.hook_resid_mid"
#define RESID_POST "blocks.{L}.hook_resid_post"
#define MLP_OUT "blocks.{L}.hook_mlp_out"
#define ATTN_OUT "blocks.{L}.hook_attn_out"
#define HOOK_Z "blocks.{L}.attn.hook_z"

static const release_row rows[] = {
    {SAE_LENS("pythia-70m-deduped-mlp-sm", MLP_OUT, "ctigges/pythia-70m-deduped__mlp-sm_processed",
              "{L}-mlp-sm", 5, "pythia-70m-deduped", MLP_OUT)},
    {SAE_LENS("pythia-70m-deduped-att-sm", ATTN_OUT, "ctigges/pythia-70m-deduped__att-sm_processed",
              "{L}-att-sm", 5, "pythia-70m-deduped", ATTN_OUT)},
    {SAE_LENS("pythia-70m-deduped-res-sm", "blocks.0.hook_resid_pre",
              "ctigges/pythia-70m-deduped__res-sm_processed", "e-res-sm", 0, "pythia-70m-deduped",
              "blocks.0.hook_resid_pre")},
    {SAE_LENS("pythia-70m-deduped-res-sm", RESID_POST,
              "ctigges/pythia-70m-deduped__res-sm_processed", "{L}-res-sm", 5, "pythia-70m-deduped",
              RESID_POST)},

    {SAE_LENS("gpt2-small-res-jb", RESID_PRE, "jbloom/GPT2-Small-SAEs-Reformatted", RESID_PRE, 11,
              "gpt2-small", RESID_PRE),
     .center_writing_weights = HUB_YES},
    {SAE_LENS("gpt2-small-res-jb", RESID_POST, "jbloom/GPT2-Small-SAEs-Reformatted", RESID_POST, 11,
              "gpt2-small", RESID_POST),
     .first_layer = 11, .center_writing_weights = HUB_YES},
    {SAE_LENS("gpt2-small-res-jb-feature-splitting", RESID_PRE "_{W}",
              "jbloom/GPT2-Small-Feature-Splitting-Experiment-Layer-8", RESID_PRE "_{W}", 8,
              "gpt2-small", RESID_PRE),
     .first_layer = 8, .center_writing_weights = HUB_YES},
    {SAE_LENS("gpt2-small-mlp-tm", MLP_OUT, "tommmcgrath/gpt2-small-mlp-out-saes",
              "sae_group_gpt2_" MLP_OUT "_24576:v{N}", 11, "gpt2-small", MLP_OUT),
     .center_writing_weights = HUB_YES, .picks = gpt2_small_mlp_tm_versions,
     .scaling = gpt2_small_mlp_tm, .n_scaling = 12},
    {SAE_LENS("gpt2-small-resid-post-v5-32k", RESID_POST,
              "jbloom/GPT2-Small-OAI-v5-32k-resid-post-SAEs", "v5_32k_layer_{L}.pt", 11,
              "gpt2-small", RESID_POST)},
    {SAE_LENS("gpt2-small-resid-post-v5-{W}", RESID_POST,
              "jbloom/GPT2-Small-OAI-v5-{W}-resid-post-SAEs", "v5_{W}_layer_{L}", 11, "gpt2-small",
              RESID_POST)},
    {SAE_LENS("gpt2-small-resid-mid-v5-{W}", RESID_MID,
              "jbloom/GPT2-Small-OAI-v5-{W}-resid-mid-SAEs", "v5_{W}_layer_{L}", 11, "gpt2-small",
              RESID_MID)},
    {SAE_LENS("gpt2-small-mlp-out-v5-{W}", MLP_OUT, "jbloom/GPT2-Small-OAI-v5-{W}-mlp-out-SAEs",
              "v5_{W}_layer_{L}", 11, "gpt2-small", MLP_OUT)},
    {SAE_LENS("gpt2-small-attn-out-v5-{W}", ATTN_OUT, "jbloom/GPT2-Small-OAI-v5-{W}-attn-out-SAEs",
              "v5_{W}_layer_{L}", 11, "gpt2-small", ATTN_OUT)},
    {SAE_LENS("gpt2-small-res_{K}-ajt", RESID_PRE, "neuronpedia/gpt2-small__res_{K}-ajt",
              "{L}-res_{K}-ajt", 11, "gpt2-small", RESID_PRE)},

    {SAE_LENS("gemma-2b-res-jb", "blocks.0.hook_resid_post", "jbloom/Gemma-2b-Residual-Stream-SAEs",
              "gemma_2b_blocks.0.hook_resid_post_16384_anthropic", 0, "gemma-2b",
              "blocks.0.hook_resid_post")},
    {SAE_LENS("gemma-2b-res-jb", "blocks.6.hook_resid_post", "jbloom/Gemma-2b-Residual-Stream-SAEs",
              "gemma_2b_blocks.6.hook_resid_post_16384_anthropic_fast_lr", 0, "gemma-2b",
              "blocks.6.hook_resid_post")},
    {SAE_LENS("gemma-2b-res-jb", "blocks.12.hook_resid_post",
              "jbloom/Gemma-2b-Residual-Stream-SAEs", "gemma_2b_blocks.12.hook_resid_post_16384", 0,
              "gemma-2b", "blocks.12.hook_resid_post"),
     .scaling = gemma_2b_res_jb_12, .n_scaling = 1},
    {SAE_LENS("gemma-2b-res-jb", RESID_POST, "jbloom/Gemma-2b-Residual-Stream-SAEs",
              "gemma_2b_" RESID_POST "_16384", 17, "gemma-2b", RESID_POST),
     .first_layer = 10},
    {SAE_LENS("gemma-2b-it-res-jb", RESID_POST, "jbloom/Gemma-2b-IT-Residual-Stream-SAEs",
              "gemma_2b_it_" RESID_POST "_16384", 12, "gemma-2b-it", RESID_POST),
     .first_layer = 12},
    {SAE_LENS("gemma-2-2b-res-matryoshka-dc", RESID_POST,
              "chanind/gemma-2-2b-batch-topk-matryoshka-saes-w-32k-l0-40", "standard/" RESID_POST,
              24, "gemma-2-2b", RESID_POST)},
    {SAE_LENS("gemma-2-2b-res-snap-matryoshka-dc", RESID_POST,
              "chanind/gemma-2-2b-batch-topk-matryoshka-saes-w-32k-l0-40", "snap/" RESID_POST, 24,
              "gemma-2-2b", RESID_POST)},
    {SAE_LENS("gemma-2-9b-res-matryoshka-dc", RESID_POST,
              "chanind/gemma-2-9b-batch-topk-matryoshka-saes-w-32k-l0-60", RESID_POST, 40,
              "gemma-2-9b", RESID_POST)},
    {SAE_LENS("gemma-3-1b-res-matryoshka-dc", RESID_POST,
              "chanind/gemma-3-1b-batch-topk-matryoshka-saes-w-32k-l0-40", RESID_POST, 24,
              "gemma-3-1b-pt", RESID_POST)},
    {SAE_LENS("mistral-7b-res-wg", RESID_PRE, "JoshEngels/Mistral-7B-Residual-Stream-SAEs",
              "mistral_7b_layer_{L}", 24, "mistral-7b", RESID_PRE),
     .first_layer = 8, .normalize_activations = "constant_norm_rescale"},
    {SAE_LENS("llama-3-8b-it-res-jh", RESID_POST, "Juliushanhanhan/llama-3-8b-it-res", RESID_POST,
              25, "meta-llama/Meta-Llama-3-8B-Instruct", RESID_POST),
     .first_layer = 25},

    {CANONICAL("gemma-scope-2b-pt-res", "width_16k", "gemma-2-2b", RESID_POST), .last_layer = 25,
     .picks = canonical_2b_pt_res_16k},
    CANONICAL_ONE("gemma-scope-2b-pt-res", 5, "width_1m", "114", "gemma-2-2b", RESID_POST),
    CANONICAL_ONE("gemma-scope-2b-pt-res", 12, "width_1m", "107", "gemma-2-2b", RESID_POST),
    CANONICAL_ONE("gemma-scope-2b-pt-res", 19, "width_1m", "88", "gemma-2-2b", RESID_POST),
    CANONICAL_ONE("gemma-scope-2b-pt-res", 12, "width_262k", "121", "gemma-2-2b", RESID_POST),
    CANONICAL_ONE("gemma-scope-2b-pt-res", 12, "width_32k", "76", "gemma-2-2b", RESID_POST),
    CANONICAL_ONE("gemma-scope-2b-pt-res", 12, "width_524k", "115", "gemma-2-2b", RESID_POST),
    {CANONICAL("gemma-scope-2b-pt-res", "width_65k", "gemma-2-2b", RESID_POST), .last_layer = 25,
     .picks = canonical_2b_pt_res_65k},
    {GEMMA_SCOPE("gemma-scope-2b-pt-res", "embedding/width_{W}/average_l0_{A}",
                 "gemma-scope-2b-pt-res", "embedding/width_{W}/average_l0_{A}", "gemma-2-2b",
                 "hook_embed")},
    BY_FOLDER("gemma-scope-2b-pt-res", "gemma-2-2b", RESID_POST),
    {CANONICAL("gemma-scope-2b-pt-mlp", "width_16k", "gemma-2-2b", MLP_OUT), .last_layer = 25,
     .picks = canonical_2b_pt_mlp_16k},
    {CANONICAL("gemma-scope-2b-pt-mlp", "width_65k", "gemma-2-2b", MLP_OUT), .last_layer = 25,
     .picks = canonical_2b_pt_mlp_65k},
    BY_FOLDER("gemma-scope-2b-pt-mlp", "gemma-2-2b", MLP_OUT),
    {CANONICAL("gemma-scope-2b-pt-att", "width_16k", "gemma-2-2b", HOOK_Z), .last_layer = 25,
     .picks = canonical_2b_pt_att_16k},
    {CANONICAL("gemma-scope-2b-pt-att", "width_65k", "gemma-2-2b", HOOK_Z), .last_layer = 25,
     .picks = canonical_2b_pt_att_65k},
    BY_FOLDER("gemma-scope-2b-pt-att", "gemma-2-2b", HOOK_Z),
    {CANONICAL("gemma-scope-9b-pt-res", "width_16k", "gemma-2-9b", RESID_POST), .last_layer = 41,
     .picks = canonical_9b_pt_res_16k},
    {CANONICAL("gemma-scope-9b-pt-res", "width_131k", "gemma-2-9b", RESID_POST), .last_layer = 41,
     .picks = canonical_9b_pt_res_131k},
    CANONICAL_ONE("gemma-scope-9b-pt-res", 9, "width_1m", "122", "gemma-2-9b", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-pt-res", 20, "width_1m", "101", "gemma-2-9b", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-pt-res", 31, "width_1m", "77", "gemma-2-9b", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-pt-res", 20, "width_32k", "57", "gemma-2-9b", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-pt-res", 20, "width_524k", "48", "gemma-2-9b", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-pt-res", 20, "width_65k", "55", "gemma-2-9b", RESID_POST),
    {GEMMA_SCOPE("gemma-scope-9b-pt-res", "embedding/width_{W}/average_l0_{A}",
                 "gemma-scope-9b-pt-res", "embedding/width_{W}/average_l0_{A}", "gemma-2-9b",
                 "hook_embed")},
    BY_FOLDER("gemma-scope-9b-pt-res", "gemma-2-9b", RESID_POST),
    {CANONICAL("gemma-scope-9b-pt-mlp", "width_16k", "gemma-2-9b", MLP_OUT), .last_layer = 41,
     .picks = canonical_9b_pt_mlp_16k},
    {CANONICAL("gemma-scope-9b-pt-mlp", "width_131k", "gemma-2-9b", MLP_OUT), .last_layer = 41,
     .picks = canonical_9b_pt_mlp_131k},
    BY_FOLDER("gemma-scope-9b-pt-mlp", "gemma-2-9b", MLP_OUT),
    {CANONICAL("gemma-scope-9b-pt-att", "width_16k", "gemma-2-9b", HOOK_Z), .last_layer = 41,
     .picks = canonical_9b_pt_att_16k},
    {CANONICAL("gemma-scope-9b-pt-att", "width_131k", "gemma-2-9b", HOOK_Z), .last_layer = 41,
     .picks = canonical_9b_pt_att_131k},
    BY_FOLDER("gemma-scope-9b-pt-att", "gemma-2-9b", HOOK_Z),
    CANONICAL_ONE("gemma-scope-9b-it-res", 9, "width_16k", "88", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-it-res", 20, "width_16k", "91", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-it-res", 31, "width_16k", "76", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-it-res", 9, "width_131k", "121", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-it-res", 20, "width_131k", "81", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-9b-it-res", 31, "width_131k", "109", "gemma-2-9b-it", RESID_POST),
    BY_FOLDER("gemma-scope-9b-it-res", "gemma-2-9b-it", RESID_POST),
    CANONICAL_ONE("gemma-scope-27b-pt-res", 10, "width_131k", "106", "gemma-2-27b", RESID_POST),
    CANONICAL_ONE("gemma-scope-27b-pt-res", 22, "width_131k", "82", "gemma-2-27b", RESID_POST),
    CANONICAL_ONE("gemma-scope-27b-pt-res", 34, "width_131k", "72", "gemma-2-27b", RESID_POST),
    BY_FOLDER("gemma-scope-27b-pt-res", "gemma-2-27b", RESID_POST),
    {.release = "gemma-scope-2b-pt-transcoders",
     .id = "layer_{L}/width_{W}/average_l0_{A}",
     .repo = "google/gemma-scope-2b-pt-transcoders",
     .folder = "layer_{L}/width_{W}/average_l0_{A}",
     .last_layer = 25,
     .layout = "gemma_2_transcoder",
     .model = "gemma-2-2b",
     .hook = "blocks.{L}.ln2.hook_normalized",
     .hook_out = MLP_OUT,
     .normalize_activations = "none",
     .context = 1024,
     .prepend_bos = HUB_YES},

    GEMMA_SCOPE_2("res", "layer_{L}_{R}", "resid_post/layer_{L}_{R}", RESID_POST, NULL),
    GEMMA_SCOPE_2("res-all", "layer_{L}_{R}", "resid_post_all/layer_{L}_{R}", RESID_POST, NULL),
    GEMMA_SCOPE_2("mlp", "layer_{L}_{R}", "mlp_out/layer_{L}_{R}", MLP_OUT, NULL),
    GEMMA_SCOPE_2("mlp-all", "layer_{L}_{R}", "mlp_out_all/layer_{L}_{R}", MLP_OUT, NULL),
    GEMMA_SCOPE_2("att", "layer_{L}_{R}", "attn_out/layer_{L}_{R}", HOOK_Z, NULL),
    GEMMA_SCOPE_2("att-all", "layer_{L}_{R}", "attn_out_all/layer_{L}_{R}", HOOK_Z, NULL),
    GEMMA_SCOPE_2("transcoders", "transcoder/layer_{L}_{R}", "transcoder/layer_{L}_{R}",
                  "blocks.{L}.hook_mlp_in", MLP_OUT),
    GEMMA_SCOPE_2("transcoders-all", "layer_{L}_{R}", "transcoder_all/layer_{L}_{R}",
                  "blocks.{L}.hook_mlp_in", MLP_OUT),

    LLAMA_SCOPE("r", "R"),
    LLAMA_SCOPE("m", "M"),
    LLAMA_SCOPE("a", "A"),
    LLAMA_SCOPE_R1("800m_slimpajama", "800M-Slimpajama-0-OpenR1-Math-220k", r1_slimpajama),
    LLAMA_SCOPE_R1("400m_slimpajama_400m_openr1_math", "400M-Slimpajama-400M-OpenR1-Math-220k",
                   r1_both),
    LLAMA_SCOPE_R1("800m_openr1_math", "0-Slimpajama-800M-OpenR1-Math-220k", r1_math),

    DICTIONARY_LEARNING(
        "sae_bench_pythia70m_sweep_{K}_ctx128_{D}", RESID_POST "__trainer_{T}", "canrager/lm_sae",
        "pythia70m_sweep_{K}_ctx128_{D}/resid_post_layer_{L}/trainer_{T}", "pythia-70m-deduped"),
    DICTIONARY_LEARNING("llama-3.1-8b-instruct-andyrdt", "resid_post_layer_{L}_trainer_{T}",
                        "andyrdt/saes-llama-3.1-8b-instruct", "resid_post_layer_{L}/trainer_{T}",
                        "meta-llama/Llama-3.1-8B-Instruct"),
    DICTIONARY_LEARNING("qwen2.5-7b-instruct-andyrdt", "resid_post_layer_{L}_trainer_{T}",
                        "andyrdt/saes-qwen2.5-7b-instruct", "resid_post_layer_{L}/trainer_{T}",
                        "Qwen/Qwen2.5-7B-Instruct"),

    QWEN3_TRANSCODER("qwen3-0.6b-transcoders-lowl0", 27, "qwen3-0.6b"),
    QWEN3_TRANSCODER("qwen3-1.7b-transcoders-lowl0", 27, "qwen3-1.7b"),
    QWEN3_TRANSCODER("qwen3-4b-transcoders", 35, "qwen3-4b"),
    QWEN3_TRANSCODER("qwen3-8b-transcoders", 35, "qwen3-8b"),
    QWEN3_TRANSCODER("qwen3-14b-transcoders", 39, "qwen3-14b"),
    QWEN3_TRANSCODER("qwen3-14b-transcoders-lowl0", 39, "qwen3-14b"),
};

release_table release_table_builtin(void)
{
    return (release_table){rows, (int)COUNT_OF(rows)};
}
