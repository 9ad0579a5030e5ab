/* Packed windows: their layout, their independence of how they are asked for, their labels. */
#include "test.h"

#include "base/memory.h"
#include "train/bpe.h"
#include "train/text_stream.h"
#include <string.h>

enum { VOCAB = 500, CONTEXT = 48 };

typedef struct fixture {
    world *w;
    tokenizer *t;
    pool *p;
} fixture;

static int set_up(void **state)
{
    fixture *x = mem_small(1, sizeof *x);
    err e = {0};
    x->w = world_new();
    x->p = pool_new(2);
    bpe_counter *counter = bpe_counter_new();
    world_text text = {0};
    for (uint64_t i = 0; i < 200; i++) {
        world_document(&text, x->w, 1, i);
        assert_int_equal(bpe_count(counter, text.text.data, text.text.len, &e), OK);
    }
    str json = {0};
    assert_int_equal(bpe_train(&json, counter, VOCAB, &e), OK);
    assert_int_equal(tokenizer_parse(&x->t, json.data, json.len, "test", &e), OK);
    str_release(&json);
    world_text_release(&text);
    bpe_counter_free(counter);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    pool_free(x->p);
    tokenizer_free(x->t);
    world_free(x->w);
    mem_free(x);
    return 0;
}

static text_stream stream_of(const fixture *x, int group)
{
    return (text_stream){.world = x->w,
                         .tokens = x->t,
                         .pool = x->p,
                         .seed = text_seed(3, "test"),
                         .context = CONTEXT,
                         .group = group};
}

/* What is in the windows of a group, BOS removed, is the text of its documents, in order. */
static void test_layout(void **state)
{
    const fixture *x = *state;
    enum { B = 6 };
    text_stream s = stream_of(x, B);
    int32_t tokens_BT[B * CONTEXT];
    err e = {0};
    assert_int_equal(text_windows(tokens_BT, NULL, &s, 0, B, &e), OK);
    str packed = {0}, documents = {0};
    for (int b = 0; b < B; b++)
        assert_int_equal(tokens_BT[b * CONTEXT], TEXT_BOS);
    for (int i = 0; i < B * CONTEXT; i++)
        if (tokens_BT[i] != TEXT_BOS) {
            int id = tokens_BT[i];
            tokenizer_decode(&packed, x->t, &id, 1);
        }
    world_text text = {0};
    for (uint64_t i = 0; documents.len < packed.len; i++) {
        world_document(&text, x->w, s.seed, i);
        str_add_bytes(&documents, text.text.data, text.text.len);
    }
    assert_memory_equal(packed.data, documents.data, packed.len);
    world_text_release(&text);
    str_release(&documents);
    str_release(&packed);
}

/* The same windows whether asked for at once or one group at a time, with threads or without. */
static void test_random_access(void **state)
{
    const fixture *x = *state;
    enum { B = 8, GROUP = 2 };
    text_stream s = stream_of(x, GROUP);
    int32_t all[B * CONTEXT], part[GROUP * CONTEXT];
    err e = {0};
    assert_int_equal(text_windows(all, NULL, &s, 0, B, &e), OK);
    s.pool = NULL;
    for (int b = B - GROUP; b >= 0; b -= GROUP) {
        assert_int_equal(text_windows(part, NULL, &s, (uint64_t)b, GROUP, &e), OK);
        assert_memory_equal(part, all + b * CONTEXT, sizeof part);
    }
    s.seed = text_seed(3, "another purpose");
    assert_int_equal(text_windows(part, NULL, &s, 0, GROUP, &e), OK);
    assert_memory_not_equal(part, all, sizeof part);
}

/* Concepts stay with their tokens: those of the word "the" are on tokens that end in "the". */
static void test_labels(void **state)
{
    const fixture *x = *state;
    enum { B = 32 };
    text_stream s = stream_of(x, 1);
    static int32_t tokens_BT[B * CONTEXT];
    static uint64_t concepts_BT[B * CONTEXT][2];
    err e = {0};
    assert_int_equal(text_windows(tokens_BT, concepts_BT, &s, 0, B, &e), OK);
    int count, the = -1, seen = 0;
    const world_concept *concepts = world_concepts(&count);
    for (int c = 0; c < count; c++)
        if (!strcmp(concepts[c].name, "word:the"))
            the = c;
    assert_true(the >= 0);
    for (int i = 0; i < B * CONTEXT; i++) {
        if (tokens_BT[i] == TEXT_BOS)
            assert_true(!concepts_BT[i][0] && !concepts_BT[i][1]);
        if (!(concepts_BT[i][the / 64] >> (the % 64) & 1))
            continue;
        const char *bytes;
        size_t n;
        assert_true(tokenizer_bytes(x->t, tokens_BT[i], &bytes, &n));
        assert_true(n >= 1 && bytes[n - 1] == 'e');
        seen++;
    }
    assert_true(seen > 20);
}

static void test_targets(void **state)
{
    (void)state;
    int32_t tokens[] = {0, 5, 6, 0, 7, 8}, targets[6], expected[] = {5, 6, -1, 7, 8, -1};
    text_targets(targets, tokens, 2, 3);
    assert_memory_equal(targets, expected, sizeof expected);
}

/* Nats per token by hand over a few documents. */
static void test_entropy(void **state)
{
    const fixture *x = *state;
    text_stream s = stream_of(x, 1);
    double got, nats = 0, tokens = 0;
    err e = {0};
    world_text text = {0};
    token_list list = {0};
    for (uint64_t i = 4; i < 7; i++) {
        world_document(&text, x->w, s.seed, i);
        token_list_clear(&list);
        assert_int_equal(tokenizer_encode(&list, x->t, text.text.data, text.text.len, &e), OK);
        nats += text.nats;
        tokens += (double)list.n + 1;
    }
    assert_int_equal(text_entropy(&got, &s, 4, 3, &e), OK);
    assert_true(got == nats / tokens && got > 0);
    token_list_release(&list);
    world_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_random_access),
        cmocka_unit_test(test_labels),  cmocka_unit_test(test_targets),
        cmocka_unit_test(test_entropy),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
