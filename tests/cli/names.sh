#!/bin/bash
# Models and SAEs by name: repositories of the Hugging Face cache as other tools fill it, releases of
# a user's own table, and the same numbers as from a folder.
source tests/cli/lib.sh
needs_model 'names'
export HF_HUB_CACHE=$work/cache SAEINV_RELEASES=$work/releases.json HF_HUB_OFFLINE=1
commit=0123456789abcdef0123456789abcdef01234567

# cached REPO FOLDER FROM: FROM's files in a repository of the cache, blobs behind links.
cached() {
    local repo=$HF_HUB_CACHE/models--${1//\//--} file name
    local snapshot=$repo/snapshots/$commit/$2 up=../..
    mkdir -p "$repo/refs" "$repo/blobs" "$snapshot"
    [ -n "$2" ] && up=../../..
    printf %s $commit >"$repo/refs/main"
    for file in "$3"/*; do
        name=$(sha256sum "$file") name=${name%% *}
        cp "$file" "$repo/blobs/$name"
        ln -s "$up/blobs/$name" "$snapshot/${file##*/}"
    done
}

cached me/tiny '' $data/model
cached me/saes 2-res $data/sae
cat >"$SAEINV_RELEASES" <<'JSON'
{"releases": [{"release": "tiny-res", "id": "blocks.{L}.hook_resid_post", "repo": "me/saes",
               "folder": "{L}-res", "layers": [0, 5], "layout": "sae_lens", "model": "me/tiny"}]}
JSON

ask=(--tokens '0,5,7,9,11,30' --hook blocks.2.hook_resid_post --logits)
succeeds 'the built-in files' -- activations "${ask[@]}" --sae builtin --out "$work/a.safetensors"
for sae in tiny-res/blocks.2.hook_resid_post me/saes/2-res "me/saes@$commit/2-res"; do
    succeeds "an SAE as $sae" \
        -- activations "${ask[@]}" --model me/tiny --sae "$sae" --out "$work/b.safetensors"
    holds "$sae: the same numbers" cmp "$work/a.safetensors" "$work/b.safetensors"
done
succeeds 'a model by the start of its commit' 'me/tiny@0123456' -- inspect me/tiny@0123456
succeeds 'an SAE of a release' 'tiny-res/blocks.2.hook_resid_post' 'SAELens files' 'made for' \
    -- inspect tiny-res/blocks.2.hook_resid_post

succeeds 'a whole run by names' -- run --model me/tiny --sae tiny-res/blocks.2.hook_resid_post \
    "${quick[@]}" --out "$work/report"
holds 'the report names repository and commit' grep -q '"source": "me/tiny@0123456"' "$work/report/run.json"
holds 'and the release' grep -q '"source": "tiny-res/blocks.2.hook_resid_post"' "$work/report/run.json"
holds 'and says whose files they are' grep -q '"layout": "SAELens"' "$work/report/run.json"
holds 'and nothing of where the cache is' bash -c "! grep -rqF '$work' '$work/report' --exclude-dir=volatile"

refuses 'a model that is not in the cache' 'model\.model' 'you/tiny' 'saeinv fetch you/tiny' \
    -- run --model you/tiny --out "$work/none"
refuses 'an SAE that is not in the cache' 'saeinv fetch tiny-res/blocks.3.hook_resid_post' \
    -- run --model me/tiny --sae tiny-res/blocks.3.hook_resid_post --out "$work/none"
refuses 'a layer that the release has not' 'tiny-res' \
    -- run --model me/tiny --sae tiny-res/blocks.9.hook_resid_post --out "$work/none"
rm "$HF_HUB_CACHE/models--me--tiny/snapshots/$commit/model.safetensors"
refuses 'a snapshot without its weights' 'model\.safetensors' 'saeinv fetch me/tiny' \
    -- run --model me/tiny --out "$work/none"
echo '{"releases": [{"release": "x"}]}' >"$SAEINV_RELEASES"
refuses 'a table of releases with a row that lacks its keys' 'releases\.json' \
    -- run --sae tiny-res/blocks.2.hook_resid_post --out "$work/none"
finish
