/* BPE training: the file is complete, merging is the textbook's, the text comes back. */
#include "test.h"
#include "base/json.h"
#include "base/memory.h"
#include "train/bpe.h"
#include "train/world.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST = 64 };

static bpe_counter *count_text(const char *text)
{
    err e;
    bpe_counter *c = bpe_counter_new();
    assert_non_null(c);
    assert_int_equal(bpe_count(c, text, strlen(text), &e), OK);
    return c;
}

static cJSON *train(const bpe_counter *c, int vocab_size)
{
    err e;
    str text = {0};
    cJSON *root = NULL;
    assert_int_equal(bpe_train(&text, c, vocab_size, &e), OK);
    assert_int_equal(json_parse(&root, text.data, text.len, "tokenizer.json", &e), OK);
    str_release(&text);
    return root;
}

static const cJSON *model_member(const cJSON *root, const char *key)
{
    const cJSON *found = json_member(json_member(root, "model"), key);
    assert_non_null(found);
    return found;
}

static bpe_counter *count_world(int documents)
{
    err e;
    bpe_counter *c = bpe_counter_new();
    assert_non_null(c);
    world *w = world_new();
    world_text t = {0};
    for (int i = 0; i < documents; i++) {
        world_document(&t, w, 3, (uint64_t)i);
        assert_int_equal(bpe_count(c, t.text.data, t.text.len, &e), OK);
    }
    world_text_release(&t);
    world_free(w);
    return c;
}

/* The words are ab, _x twice, _ab twice, _xy twice, _cd, cd, ef twice; pairs counted by hand. */
static void test_merges_the_most_frequent_pair_first(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "\u0120 x",                      /* 4 times */
        "a b",                           /* 3 times */
        "\u0120 ab",                     /* twice, as the next three: the lowest left id first */
        "c d",       "e f", "\u0120x y", /* a merged token's id is higher than any byte's */
    };
    bpe_counter *c = count_text("ab x ab x ab xy cd xy\ncd\nef\nef\n");
    cJSON *root = train(c, BPE_FIRST_MERGE + (int)COUNT_OF(expected));
    int i = 0;
    const cJSON *merge;
    cJSON_ArrayForEach(merge, model_member(root, "merges"))
        assert_string_equal(merge->valuestring, expected[i++]);
    assert_int_equal(i, COUNT_OF(expected));
    cJSON_Delete(root);
    bpe_counter_free(c);
}

static void test_overlapping_pairs_merge_from_the_left(void **state)
{
    (void)state;
    bpe_counter *c = count_text("aaa"); /* a a a -> aa a -> aaa */
    cJSON *root = train(c, BPE_FIRST_MERGE + 2);
    assert_string_equal(cJSON_GetArrayItem(model_member(root, "merges"), 0)->valuestring, "a a");
    assert_string_equal(cJSON_GetArrayItem(model_member(root, "merges"), 1)->valuestring, "aa a");
    cJSON_Delete(root);
    bpe_counter_free(c);
}

static void test_words_split_as_gpt2_splits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *merge;
    } cases[] = {
        {"ab1", "a b"},              /* letters and digits part */
        {"I'm", "' m"},              /* a contraction is a word of its own */
        {"a  b", "\u0120 b"},        /* the last blank goes with the word, the first alone */
        {"a.\nb", NULL},             /* marks, breaks and letters: nothing to merge */
        {"\u00e9", "\u00c3 \u00a9"}, /* two bytes of one letter */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        err e;
        str json = {0};
        bpe_counter *c = count_text(cases[i].text);
        err_code rc = bpe_train(&json, c, BPE_FIRST_MERGE + 1, &e);
        assert_int_equal(rc, cases[i].merge ? OK : E_DATA);
        if (rc == OK) {
            cJSON *root = train(c, BPE_FIRST_MERGE + 1);
            assert_string_equal(cJSON_GetArrayItem(model_member(root, "merges"), 0)->valuestring,
                                cases[i].merge);
            cJSON_Delete(root);
            assert_int_equal(bpe_train(&json, c, BPE_FIRST_MERGE + 2, &e), E_DATA);
        }
        str_release(&json);
        bpe_counter_free(c);
    }
}

static void test_vocabulary_has_the_size_asked_for(void **state)
{
    (void)state;
    bpe_counter *c = count_world(1000);
    cJSON *root = train(c, 2048);
    const cJSON *vocab = model_member(root, "vocab"), *token;
    int id = 0;
    cJSON_ArrayForEach(token, vocab) {
        assert_int_equal(token->valueint, id);
        id++;
    }
    assert_int_equal(id, 2048);
    assert_string_equal(vocab->child->string, "<|endoftext|>");
    assert_int_equal(cJSON_GetArraySize(model_member(root, "merges")), 2048 - BPE_FIRST_MERGE);
    cJSON_Delete(root);
    bpe_counter_free(c);
}

/* Merges by rank until none applies; returns how many tokens are left, their ids in ids. */
static int encode(int ids[LONGEST], const char *word, const int (*merges)[2], int n_merges)
{
    int n = 0;
    for (; word[n]; n++)
        ids[n] = BPE_FIRST_BYTE + (unsigned char)word[n];
    for (int m = 0; m < n_merges; m++) {
        int kept = 0;
        for (int i = 0; i < n; i++) {
            bool here = i + 1 < n && ids[i] == merges[m][0] && ids[i + 1] == merges[m][1];
            ids[kept++] = here ? BPE_FIRST_MERGE + m : ids[i];
            i += here;
        }
        n = kept;
    }
    return n;
}

/* Appends the token's bytes, by undoing its merge. */
static void decode(str *out, int id, const int (*merges)[2])
{
    if (id < BPE_FIRST_MERGE) {
        str_add_char(out, (char)(id - BPE_FIRST_BYTE));
        return;
    }
    decode(out, merges[id - BPE_FIRST_MERGE][0], merges);
    decode(out, merges[id - BPE_FIRST_MERGE][1], merges);
}

/* The merges as id pairs, read back from the file. */
static int read_merges(int (*merges)[2], const cJSON *root)
{
    const cJSON *vocab = model_member(root, "vocab"), *merge;
    int n = 0;
    cJSON_ArrayForEach(merge, model_member(root, "merges")) {
        const char *blank = strchr(merge->valuestring, ' ');
        char left[LONGEST], right[LONGEST], joined[2 * LONGEST];
        assert_non_null(blank);
        snprintf(left, sizeof left, "%.*s", (int)(blank - merge->valuestring), merge->valuestring);
        snprintf(right, sizeof right, "%s", blank + 1);
        snprintf(joined, sizeof joined, "%s%s", left, right);
        merges[n][0] = json_member(vocab, left)->valueint;
        merges[n][1] = json_member(vocab, right)->valueint;
        assert_int_equal(json_member(vocab, joined)->valueint, BPE_FIRST_MERGE + n);
        n++;
    }
    return n;
}

static void test_training_words_come_back(void **state)
{
    (void)state;
    static int merges[2048][2];
    static const char *const words[] = {" garden", "Dear", " the",       " telescope",
                                        ".\"",     "\n\n", " zyx",       " 1998",
                                        " o",      "'",    " lighthouse"};
    bpe_counter *c = count_world(1000);
    cJSON *root = train(c, 2048);
    int n_merges = read_merges(merges, root), tokens = 0;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        int ids[LONGEST], n = encode(ids, words[i], (const int(*)[2])merges, n_merges);
        str back = {0};
        for (int k = 0; k < n; k++)
            decode(&back, ids[k], (const int(*)[2])merges);
        assert_string_equal(str_text(&back), words[i]);
        str_release(&back);
        tokens += n;
    }
    int ids[LONGEST];
    assert_int_equal(encode(ids, " the", (const int(*)[2])merges, n_merges), 1);
    assert_true(tokens < 20); /* common words are whole; " zyx" falls apart into bytes */
    cJSON_Delete(root);
    bpe_counter_free(c);
}

static void test_result_depends_on_counts_alone(void **state)
{
    (void)state;
    err e;
    str a = {0}, b = {0};
    bpe_counter *first = count_text("the rose near the pond\n"), *second = count_text("\n");
    static const char *const pieces[] = {" pond", " the", " near", " rose", "the"};
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        assert_int_equal(bpe_count(second, pieces[i], strlen(pieces[i]), &e), OK);
    assert_int_equal(bpe_train(&a, first, BPE_FIRST_MERGE + 8, &e), OK);
    assert_int_equal(bpe_train(&b, second, BPE_FIRST_MERGE + 8, &e), OK);
    assert_string_equal(str_text(&a), str_text(&b));
    str_release(&a);
    str_release(&b);
    bpe_counter_free(first);
    bpe_counter_free(second);
}

static void test_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    err e;
    str json = {0};
    bpe_counter *c = count_text("ab");
    assert_int_equal(bpe_count(c, "\xff", 1, &e), E_FORMAT);        /* not UTF-8 */
    assert_int_equal(bpe_train(&json, c, 256, &e), E_USAGE);        /* no room for the bytes */
    assert_int_equal(bpe_train(&json, c, 2048, &e), E_DATA);        /* too little text */
    assert_int_equal(bpe_train(&json, c, BPE_FIRST_MERGE, &e), OK); /* bytes alone are fine */
    str_release(&json);
    bpe_counter_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_the_most_frequent_pair_first),
        cmocka_unit_test(test_overlapping_pairs_merge_from_the_left),
        cmocka_unit_test(test_words_split_as_gpt2_splits),
        cmocka_unit_test(test_vocabulary_has_the_size_asked_for),
        cmocka_unit_test(test_training_words_come_back),
        cmocka_unit_test(test_result_depends_on_counts_alone),
        cmocka_unit_test(test_refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
