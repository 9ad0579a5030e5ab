#!/bin/bash
# Weights, tokenizers and SAEs that are missing, cut, hostile or full of NaN: refused with one
# message that names the file and what is wrong with it; no report is left.
source tests/cli/lib.sh
needs_model 'damaged models'
m=$work/model s=$work/sae out=$work/out-report

fresh() {
    rm -rf "$m" "$s" "$out"
    cp -r $data/model "$m"
    cp -r $data/sae "$s"
}

# bad NAME PATTERN...: a run on the folders as they are now is refused.
bad() {
    refuses "$@" -- run --set "model.model=$m" --set "model.sae=$s" "${quick[@]}" --out "$out"
    if [ -e "$out" ]; then not_ok "$1: no report is left" <<<"$out is there"; fi
    fresh
}

# header_bytes FILE: how long a safetensors file's header is (little-endian, its first 8 bytes).
header_bytes() { od -An -v -tu8 -N8 "$1" | tr -d ' '; }

# poke FILE OFFSET BYTES: overwrites in place.
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# cut FILE SIZE
cut_to() { head -c "$2" "$1" >"$1.new" && mv "$1.new" "$1"; }

fresh
succeeds 'the folders work before they are damaged' \
    -- run --set "model.model=$m" --set "model.sae=$s" "${quick[@]}" --out "$out"

fresh; rm -r "$m"
bad 'no such model folder' "$m"
rm -r "$s"
bad 'no such SAE folder' "$s"
rm "$m/config.json"
bad 'no config.json' 'config\.json'
rm "$m/tokenizer.json"
bad 'no tokenizer.json' 'tokenizer\.json'
rm "$m/model.safetensors"
bad 'no weights' 'model\.safetensors'
rm "$s/cfg.json"
bad 'no cfg.json' 'cfg\.json'

: >"$m/model.safetensors"
bad 'empty weights' 'model\.safetensors' 'safetensors'
for size in 7 8 100 5000; do
    cut_to "$m/model.safetensors" $size
    bad "weights cut to $size bytes" 'model\.safetensors'
done
cut_to "$m/model.safetensors" $(($(stat -c %s $data/model/model.safetensors) - 1))
bad 'weights without their last byte' 'model\.safetensors' 'incomplete|too short|cut|truncated|end'
poke "$m/model.safetensors" 0 '\0377\0377\0377\0377\0377\0377\0377\0177'
bad 'a header of 9 exabytes' 'model\.safetensors' 'header'
poke "$m/model.safetensors" 0 '\0377\0377\0377\0377\0377\0377\0377\0377'
bad 'a header longer than any number' 'model\.safetensors' 'header'
sed -i '1s/"data_offsets":\[\([0-9]\)/"data_offsets":[9/' "$m/model.safetensors"
bad 'a tensor that begins elsewhere' 'model\.safetensors' 'tensor'
poke "$m/model.safetensors" $((8 + $(header_bytes "$m/model.safetensors"))) '\0377\0377\0377\0377'
bad 'NaN in the weights' 'model\.safetensors' 'NaN' 'tensor'
poke "$s/sae_weights.safetensors" $((8 + $(header_bytes "$s/sae_weights.safetensors"))) \
    '\0377\0377\0377\0377'
bad 'NaN in the SAE' 'sae_weights\.safetensors' 'NaN'
cut_to "$s/sae_weights.safetensors" 100000
bad 'SAE weights cut' 'sae_weights\.safetensors'
head -c 300 /dev/zero >"$s/sae_weights.safetensors"
bad 'SAE weights that are zeros' 'sae_weights\.safetensors'

printf '{"model_type": "gpt_neox"' >"$m/config.json"
bad 'config.json cut' 'config\.json' 'line 1'
sed -i 's/"hidden_size": *[0-9]*/"hidden_size": 999999999/' "$m/config.json"
bad 'a width no weights have' 'hidden_size|shape|config\.json'
sed -i 's/"hidden_size": *[0-9]*/"hidden_size": -1/' "$m/config.json"
bad 'a negative width' 'config\.json' 'hidden_size'
sed -i 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1e99/' "$m/config.json"
bad 'more layers than numbers' 'config\.json' 'num_hidden_layers'
sed -i 's/"model_type": *"[a-z_]*"/"model_type": "mamba"/; s/GPTNeoXForCausalLM/MambaForCausalLM/' \
    "$m/config.json"
bad 'a family nobody knows' 'config\.json' '[Mm]amba'

cut_to "$m/tokenizer.json" 3000
bad 'tokenizer.json cut' 'tokenizer\.json'
printf '{}' >"$m/tokenizer.json"
bad 'tokenizer.json without a model' 'tokenizer\.json' 'model'
printf '[]' >"$m/tokenizer.json"
bad 'tokenizer.json that is a list' 'tokenizer\.json'

sed -i 's/"d_in": *[0-9]*/"d_in": 7/' "$s/cfg.json"
bad 'an SAE of another width' 'd_in|shape|cfg\.json'
sed -i 's/"d_sae": *[0-9]*/"d_sae": 2000000000/' "$s/cfg.json"
bad 'an SAE larger than its weights' 'd_sae|shape|cfg\.json'
sed -i 's/blocks\.[0-9]*\.hook_resid_[a-z]*/blocks.99.hook_resid_post/' "$s/cfg.json"
bad 'a layer the model does not have' '99'
sed -i 's/"architecture": *"[a-z_]*"/"architecture": "transcoder9"/' "$s/cfg.json"
bad 'an architecture nobody knows' 'cfg\.json' 'transcoder9'
refuses 'a hook nobody knows' 'hook_nowhere' \
    -- run --set model.hook=blocks.1.hook_nowhere "${quick[@]}" --out "$out"
finish
