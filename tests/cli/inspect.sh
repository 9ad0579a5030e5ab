#!/bin/bash
# saeinv inspect: models, SAEs and files in words; what a run refuses is refused here.
source tests/cli/lib.sh
needs_model 'inspect'
m=$work/model s=$work/sae
export HF_HUB_CACHE=$work/cache

succeeds 'the built-in model and SAE' 'gpt_neox, 6 parallel blocks' '76 tensors' 'hook_resid_mid|hook_resid_post' \
    'BOS <\|endoftext\|> \(0\)' 'd_sae 4096' 'blocks\.2\.hook_resid_post' 'memory' -- inspect builtin
cp -r $data/model "$m"
cp -r $data/sae "$s"
succeeds 'a folder of a model' "$m" 'd_vocab 2048' -- inspect "$m"
succeeds 'a folder of an SAE' "$s" 'SAELens files' -- inspect "$s"
succeeds 'both at once' "$m" "$s" -- inspect "$m" "$s"
succeeds 'the tensors of a file' 'W_enc F32 \[128, 4096\]' '5 tensors' \
    -- inspect "$s/sae_weights.safetensors"
succeeds 'memory of another length' 'one sequence of 16 tokens' -- inspect --tokens 16 "$m"

refuses 'nothing to inspect' 'inspect what' -- inspect
refuses 'a file that is no weights' 'config\.json' -- inspect "$m/config.json"
refuses 'a model that is not in the cache' 'EleutherAI/pythia-70m' 'saeinv fetch' \
    -- inspect EleutherAI/pythia-70m
refuses 'an SAE that its release has not' 'hook_resid_pre' \
    -- inspect gpt2-small-res-jb/blocks.8.hook_resid_pr
refuses 'an SAE that is not in the cache' 'saeinv fetch gpt2-small-res-jb/blocks.8.hook_resid_pre' \
    -- inspect gpt2-small-res-jb/blocks.8.hook_resid_pre
refuses 'a length that is no number' '--tokens x' -- inspect --tokens x builtin
sed -i 's/"hidden_act": *"[a-z]*"/"hidden_act": "mish"/' "$m/config.json"
refuses 'an activation nobody computes' 'hidden_act' 'mish' -- inspect "$m"
rm "$m/config.json"
refuses 'a folder of nothing' 'config\.json' -- inspect "$m"
finish
