#!/bin/bash
# saeinv activations: a file for other programs, the same for any number of threads, and one clear
# message for what cannot be.
source tests/cli/lib.sh
needs_model 'activations'
out=$work/acts.safetensors

succeeds 'hooks, features, logits and loss of a text' 'acts.safetensors: 12 tensors' \
    -- activations --text 'The cat' --hook 'blocks.*.hook_resid_post' --hook hook_embed \
    --logits --loss --sae builtin --threads 1 --out "$out"
cp "$out" "$work/one-thread"
succeeds 'again on two threads' \
    -- activations --text 'The cat' --hook 'blocks.*.hook_resid_post' --hook hook_embed \
    --logits --loss --sae builtin --threads 2 --out "$out"
holds 'the same bytes for any number of threads' cmp "$out" "$work/one-thread"
succeeds 'its tokens can be run again' '2 tensors' \
    -- activations --tokens "$out" --hook hook_embed --out "$work/again.safetensors"

rm -f "$out"
refuses 'nothing to run' '--text' '--tokens' -- activations --hook hook_embed --out "$out"
refuses 'two sources' 'more than one' \
    -- activations --text a --tokens 1 --hook hook_embed --out "$out"
refuses 'nothing asked for' '--hook' -- activations --tokens 1 --out "$out"
refuses 'nowhere to write' '--out' -- activations --tokens 1 --hook hook_embed
refuses 'ids that are no numbers' '--tokens 1,x' \
    -- activations --tokens 1,x --hook hook_embed --out "$out"
refuses 'sequences of two lengths' '3 ids' \
    -- activations --tokens 1,2 --tokens 1,2,3 --hook hook_embed --out "$out"
refuses 'a token outside the vocabulary' '99999' 'vocabulary' \
    -- activations --tokens 1,99999 --hook hook_embed --out "$out"
refuses 'a hook nobody knows' 'hook_nothing' 'hook_resid_pre' \
    -- activations --tokens 1 --hook hook_nothing --out "$out"
refuses 'a file that is not there' 'missing\.safetensors' \
    -- activations --tokens "$work/missing.safetensors" --hook hook_embed --out "$out"
refuses 'a model that is not there' 'no-model' \
    -- activations --model "$work/no-model" --tokens 1 --hook hook_embed --out "$out"
holds 'nothing was written' test ! -e "$out"
refuses 'a place that cannot be written' 'nowhere' \
    -- activations --tokens 1 --hook hook_embed --out "$work/nowhere/acts.safetensors"
finish
