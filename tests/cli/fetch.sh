#!/bin/bash
# saeinv fetch as a person meets it where there is no network: its help, its refusals, and that
# nothing is written. What it fetches is tested in tests/hub.
source tests/cli/lib.sh

export HOME=$work/home HF_HUB_CACHE=$work/cache
unset HF_HOME HF_TOKEN HF_TOKEN_PATH HF_HUB_OFFLINE TRANSFORMERS_OFFLINE SAEINV_RELEASES
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export HF_ENDPOINT=http://127.0.0.1:1 # nobody answers there

succeeds 'help teaches' 'saeinv fetch EleutherAI/pythia-70m-deduped' '--dry-run' 'HF_TOKEN' \
    'HF_HUB_CACHE' -- fetch --help
refuses 'no name' 'RELEASE/SAE_ID' -- fetch
refuses 'an option nobody knows' '--lsit' '--list' -- fetch --lsit x
refuses 'a path' 'is a path' -- fetch ./model
refuses 'a short name that is none' 'pythia-70m-deduped' -- fetch pythia-70m-dedupd
refuses 'a release without an id' 'say which' -- fetch gpt2-small-res-jb
refuses 'an id that the release does not have' 'blocks.8.hook_resid_pre' \
    -- fetch gpt2-small-res-jb/blocks.8.hook_resid_per
refuses 'a name that may be any bytes' 'repository' -- fetch $'a/\x01\e[31m'
refuses 'a hub that nobody answers for' '127.0.0.1:1' 'EleutherAI/pythia-70m' \
    -- fetch EleutherAI/pythia-70m

export HF_HUB_OFFLINE=1
refuses 'offline' 'HF_HUB_OFFLINE' 'gpt2' -- fetch gpt2
refuses 'offline, listing' 'HF_HUB_OFFLINE' -- fetch --list gpt2
unset HF_HUB_OFFLINE

echo '{"releases": [{"release": "mine", "id": 3}]}' >"$work/releases.json"
export SAEINV_RELEASES=$work/releases.json
refuses 'a damaged table of releases' 'releases.json: row 1' '"id"' -- fetch mine/x
holds 'nothing was written' test ! -e "$work/cache"
finish
