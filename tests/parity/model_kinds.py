"""The models that export_models.py writes: one row a fixture, each there for the reason beside it.
All are tiny and of odd sizes, so that no two numbers that must not be mixed up are equal."""
from dataclasses import dataclass, field


@dataclass
class Kind:
    family: str
    config: dict
    dtype: str = "float32"      # stored as
    shard: str = None           # largest shard, as save_pretrained takes it
    rewrite: str = None         # how config.json and the files are changed afterwards
    lens: bool = True           # HookedTransformer computes it as well
    processed: bool = False     # export what weight processing does to the hooks
    attention: float = 1.0      # factor on query weights: sharper patterns
    lens_config: dict = field(default_factory=dict)


GPT2 = dict(vocab_size=61, n_positions=24, n_embd=24, n_layer=2, n_head=3)
NEO = dict(vocab_size=61, max_position_embeddings=24, hidden_size=24, num_layers=2, num_heads=3,
           attention_types=[[["global", "local"], 1]], window_size=4)
NEOX = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
            intermediate_size=40, max_position_embeddings=24)
LLAMA = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, intermediate_size=40, max_position_embeddings=24,
             rms_norm_eps=1e-5)
GEMMA = dict(vocab_size=61, hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, head_dim=10, intermediate_size=36, max_position_embeddings=24)
QWEN3 = dict(LLAMA, head_dim=10)

KINDS = {
    # as the files of openai-community/gpt2: no prefix, masks beside the weights, a stored lm_head
    "gpt2_bare": Kind("gpt2", GPT2, rewrite="gpt2_bare", processed=True),
    # distilgpt2: prefix, another mlp width and activation, no scale but one by layer
    "gpt2_distilled": Kind("gpt2", dict(GPT2, n_layer=3, n_inner=34, activation_function="gelu",
                                        scale_attn_by_inverse_layer_idx=True), dtype="float16"),
    "gpt2_unscaled": Kind("gpt2", dict(GPT2, scale_attn_weights=False, activation_function="relu",
                                       tie_word_embeddings=False, layer_norm_epsilon=1e-3)),
    "gpt_neo": Kind("gpt_neo", NEO, processed=True),
    # TinyStories: heads of few numbers, several groups of layers
    "gpt_neo_stories": Kind("gpt_neo", dict(NEO, num_layers=3, num_heads=6, intermediate_size=50,
                                            attention_types=[[["local"], 1], [["global"], 2]],
                                            window_size=2), dtype="bfloat16", rewrite="neo_masks"),
    # as Pythia: rotation of a quarter of a head, in transformers 4 spelling
    "neox_parallel": Kind("gpt_neox", NEOX, rewrite="neox_v4", processed=True),
    "neox_sequential": Kind("gpt_neox", dict(
        NEOX, use_parallel_residual=False, hidden_act="gelu_new", attention_bias=False,
        rope_parameters=dict(rope_type="default", rope_theta=500, partial_rotary_factor=1.0)),
        lens=False),
    "neox_tied_half": Kind("gpt_neox", dict(NEOX, tie_word_embeddings=True), dtype="float16"),
    # Llama 2 and TinyStories-Llama: as many keys as queries, in shards
    "llama_plain": Kind("llama", dict(LLAMA, num_key_value_heads=4), shard="20KB"),
    # Llama 3: shared keys, its rotary scaling, in transformers 4 spelling
    "llama_3": Kind("llama", dict(LLAMA, head_dim=10, rope_parameters=dict(
        rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0,
        high_freq_factor=4.0, original_max_position_embeddings=16)), dtype="bfloat16",
        rewrite="rope_v4", lens_config=dict(
            use_NTK_by_parts_rope=True, NTK_by_parts_factor=8.0, NTK_by_parts_low_freq_factor=1.0,
            NTK_by_parts_high_freq_factor=4.0, NTK_original_ctx_len=16)),
    "llama_biased": Kind("llama", dict(LLAMA, num_key_value_heads=1, attention_bias=True,
                                       mlp_bias=True, tie_word_embeddings=True, rope_parameters=dict(
                                           rope_type="linear", factor=2.5, rope_theta=10000.0)),
                         lens=False),
    # windows shorter than the sequence
    "mistral": Kind("mistral", dict(LLAMA, num_hidden_layers=3, head_dim=10, sliding_window=4)),
    "gemma": Kind("gemma", dict(GEMMA, num_hidden_layers=2, num_key_value_heads=1)),
    # both caps at work, its own scale, even layers sliding
    "gemma2": Kind("gemma2", dict(GEMMA, query_pre_attn_scalar=7, sliding_window=3,
                                  attn_logit_softcapping=1.5, final_logit_softcapping=2.0),
                   attention=2.0, processed=True),
    "gemma2_bfloat16": Kind("gemma2", dict(GEMMA, sliding_window=5), dtype="bfloat16",
                            shard="20KB"),
    # shared values with a bias that processing folds away
    "qwen2": Kind("qwen2", LLAMA, processed=True),
    "qwen2_windows": Kind("qwen2", dict(LLAMA, num_hidden_layers=3, use_sliding_window=True,
                                        sliding_window=3, max_window_layers=1,
                                        tie_word_embeddings=True), dtype="float16"),
    "qwen3": Kind("qwen3", QWEN3),
    "qwen3_windows": Kind("qwen3", dict(
        QWEN3, num_key_value_heads=4, attention_bias=True, use_sliding_window=True,
        sliding_window=5, layer_types=["sliding_attention", "full_attention"]), lens=False),
}
