/* TransformerLens's short names of models, and repositories that were renamed.
 * Facts: transformer_lens 3.9, supported_models.py (MODEL_ALIASES). */
#include "hub/repo_id.h"
#include "base/memory.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>

/* The oldest repositories had no organisation; the hub leads from the old id to the new one, and
 * caches hold them under whichever was asked for (TransformerLens asks for the old ones). */
static const struct {
    const char *repo, *old;
} renamed[] = {
    {"openai-community/gpt2", "gpt2"},
    {"openai-community/gpt2-medium", "gpt2-medium"},
    {"openai-community/gpt2-large", "gpt2-large"},
    {"openai-community/gpt2-xl", "gpt2-xl"},
    {"distilbert/distilgpt2", "distilgpt2"},
};

static const struct {
    const char *name, *repo;
} models[] = {
    {"gpt2-small", "gpt2"},
    {"gpt2", "gpt2"},
    {"gpt2-medium", "gpt2-medium"},
    {"gpt2-large", "gpt2-large"},
    {"gpt2-xl", "gpt2-xl"},
    {"distilgpt2", "distilgpt2"},
    {"distillgpt2", "distilgpt2"},
    {"gpt2-xs", "distilgpt2"},
    {"tiny-stories-1M", "roneneldan/TinyStories-1M"},
    {"tiny-stories-3M", "roneneldan/TinyStories-3M"},
    {"tiny-stories-8M", "roneneldan/TinyStories-8M"},
    {"tiny-stories-28M", "roneneldan/TinyStories-28M"},
    {"tiny-stories-33M", "roneneldan/TinyStories-33M"},
    {"tiny-stories-1L-21M", "roneneldan/TinyStories-1Layer-21M"},
    {"tiny-stories-2L-33M", "roneneldan/TinyStories-2Layers-33M"},
    {"gpt-neo-125M", "EleutherAI/gpt-neo-125M"},
    {"gpt-neo-1.3B", "EleutherAI/gpt-neo-1.3B"},
    {"gpt-neo-2.7B", "EleutherAI/gpt-neo-2.7B"},
    {"gpt-neox-20b", "EleutherAI/gpt-neox-20b"},
    {"gemma-3-270m-pt", "google/gemma-3-270m"}, /* this one has no -pt in its repository's name */
    {"llama-2-7b", "meta-llama/Llama-2-7b-hf"},
    {"llama-2-13b", "meta-llama/Llama-2-13b-hf"},
    {"llama-3-8b", "meta-llama/Meta-Llama-3-8B"},
    {"llama-3.1-8b", "meta-llama/Llama-3.1-8B"},
    {"llama-3.2-1b", "meta-llama/Llama-3.2-1B"},
    {"llama-3.2-3b", "meta-llama/Llama-3.2-3B"},
    {"mistral-7b", "mistralai/Mistral-7B-v0.1"},
    {"qwen1.5-0.5b", "Qwen/Qwen1.5-0.5B"},
    {"qwen1.5-1.8b", "Qwen/Qwen1.5-1.8B"},
    {"qwen2-0.5b", "Qwen/Qwen2-0.5B"},
    {"qwen2-1.5b", "Qwen/Qwen2-1.5B"},
    {"qwen2-7b", "Qwen/Qwen2-7B"},
    {"qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B"},
    {"qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B"},
    {"qwen2.5-3b", "Qwen/Qwen2.5-3B"},
    {"qwen2.5-7b", "Qwen/Qwen2.5-7B"},
    {"qwen3-0.6b", "Qwen/Qwen3-0.6B"},
    {"qwen3-1.7b", "Qwen/Qwen3-1.7B"},
    {"qwen3-4b", "Qwen/Qwen3-4B"},
    {"qwen3-8b", "Qwen/Qwen3-8B"},
    {"qwen3-14b", "Qwen/Qwen3-14B"},
};

/* Families whose short names are their repositories' names. */
static const struct {
    const char *organisation;
    const char *names[20];
} families[] = {
    {"EleutherAI",
     {"pythia-14m", "pythia-31m", "pythia-70m", "pythia-70m-deduped", "pythia-160m",
      "pythia-160m-deduped", "pythia-410m", "pythia-410m-deduped", "pythia-1b", "pythia-1b-deduped",
      "pythia-1.4b", "pythia-1.4b-deduped", "pythia-2.8b", "pythia-2.8b-deduped", "pythia-6.9b",
      "pythia-6.9b-deduped", "pythia-12b", "pythia-12b-deduped"}},
    {"google",
     {"gemma-2b",      "gemma-2b-it",     "gemma-7b",       "gemma-7b-it",    "gemma-2-2b",
      "gemma-2-2b-it", "gemma-2-9b",      "gemma-2-9b-it",  "gemma-2-27b",    "gemma-2-27b-it",
      "gemma-3-270m",  "gemma-3-270m-it", "gemma-3-1b-pt",  "gemma-3-1b-it",  "gemma-3-4b-pt",
      "gemma-3-4b-it", "gemma-3-12b-pt",  "gemma-3-12b-it", "gemma-3-27b-pt", "gemma-3-27b-it"}},
};

const char *repo_other_id(const char *repo)
{
    for (size_t i = 0; i < COUNT_OF(renamed); i++) {
        if (!strcmp(repo, renamed[i].repo))
            return renamed[i].old;
        if (!strcmp(repo, renamed[i].old))
            return renamed[i].repo;
    }
    return NULL;
}

const char *repo_of_model(const char *short_name, arena *a)
{
    for (size_t i = 0; i < COUNT_OF(models); i++)
        if (!strcasecmp(short_name, models[i].name))
            return models[i].repo;
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (size_t i = 0; i < COUNT_OF(families[f].names) && families[f].names[i]; i++)
            if (!strcasecmp(short_name, families[f].names[i]))
                return arena_printf(a, "%s/%s", families[f].organisation, families[f].names[i]);
    return NULL;
}

const char *repo_nearest_model(const char *name)
{
    const char *names[COUNT_OF(models) + COUNT_OF(families) * COUNT_OF(families[0].names)];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(models); i++)
        names[n++] = models[i].name;
    for (size_t f = 0; f < COUNT_OF(families); f++)
        for (size_t i = 0; i < COUNT_OF(families[f].names) && families[f].names[i]; i++)
            names[n++] = families[f].names[i];
    return nearest_name(name, names, n);
}
