"""Does the cache that `saeinv fetch` fills serve Hugging Face's own tools, and theirs saeinv?

    python tests/parity/check_hub_cache.py build/release/saeinv

A small hub on this machine serves a random GPT-2 and a SAELens SAE the way the public one does
(listing, commits, ETags, a redirect of large files to another port). Then, each with an empty cache:

  1. saeinv fetches; huggingface_hub (offline) finds every file, transformers and SAELens load them
  2. huggingface_hub downloads; saeinv fetch finds everything there and transfers nothing
  3. both caches hold the same links, blobs and refs

Needs huggingface_hub, transformers, safetensors, torch and sae-lens; prints their versions.
"""

import hashlib
import http.server
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HOOK = "blocks.1.hook_resid_pre"


def make_model(folder):
    import transformers

    config = transformers.GPT2Config(n_layer=2, n_head=2, n_embd=16, n_positions=32, vocab_size=64)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)


def make_sae(folder):
    from sae_lens import StandardSAE, StandardSAEConfig

    config = StandardSAEConfig(d_in=16, d_sae=32)
    config.metadata.hook_name = HOOK
    StandardSAE(config).save_model(folder)


def read_repository(folder):
    """name -> (bytes, ETag, lies in the store)."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            large = path.suffix == ".safetensors"
            etag = (
                hashlib.sha256(data).hexdigest()
                if large
                else hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            )
            files[path.relative_to(folder).as_posix()] = (data, etag, large)
    return files


class Hub(http.server.BaseHTTPRequestHandler):
    repositories, store, transfers = {}, None, 0

    def log_message(self, *args):
        pass

    def send(self, status, headers, body=b""):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        for name, files in Hub.repositories.items():
            if path in (f"/api/models/{name}/revision/main", f"/api/models/{name}"):
                siblings = [{"rfilename": f, "size": len(d[0]), "blobId": d[1]} for f, d in files.items()]
                info = {"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings, "private": False}
                return self.send(200, {"Content-Type": "application/json"}, json.dumps(info).encode())
            if path.startswith(f"/api/models/{name}/tree/"):
                tree = [
                    {"type": "file", "path": f, "size": len(d[0]), "oid": d[1]}
                    | ({"lfs": {"oid": d[1], "size": len(d[0]), "pointerSize": 130}} if d[2] else {})
                    for f, d in files.items()
                ]
                return self.send(200, {"Content-Type": "application/json"}, json.dumps(tree).encode())
            for revision in (COMMIT, "main"):
                start = f"/{name}/resolve/{revision}/"
                if path.startswith(start) and path[len(start) :] in files:
                    return self.send_resolved(*files[path[len(start) :]])
        self.send(404, {"X-Error-Code": "EntryNotFound"})

    def send_resolved(self, data, etag, large):
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}
        if large:
            headers |= {
                "X-Linked-ETag": f'"{etag}"',
                "X-Linked-Size": str(len(data)),
                "Location": f"http://127.0.0.1:{Hub.store}/{etag}",
            }
            return self.send(302, headers)
        if self.command == "GET":
            Hub.transfers += 1
        self.send(200, headers, data)


class Store(Hub):
    def do_GET(self):
        if self.headers.get("Authorization"):
            raise SystemExit("the token reached the store")
        for files in Hub.repositories.values():
            for data, etag, _ in files.values():
                if self.path == f"/{etag}":
                    Hub.transfers += 1
                    return self.send(200, {"ETag": '"of-the-store"'}, data)
        self.send(404, {})


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tree(cache):
    """Everything in blobs, refs and snapshots, and where the links lead."""
    found = {}
    for path in sorted(pathlib.Path(cache).glob("models--*/**/*")):
        name = path.relative_to(cache).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file() and name.split("/")[1] in ("blobs", "refs", "snapshots"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def python(cache, code):
    environment = dict(os.environ, HF_HUB_CACHE=str(cache), HF_HUB_OFFLINE="1")
    return subprocess.run([sys.executable, "-c", code], env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout


def main():
    program = os.path.abspath(sys.argv[1])
    work = pathlib.Path(tempfile.mkdtemp())
    make_model(work / "model")
    make_sae(work / "sae" / HOOK)
    Hub.repositories = {"o/model": read_repository(work / "model"), "o/saes": read_repository(work / "sae")}
    Hub.store = serve(Store)
    endpoint = f"http://127.0.0.1:{serve(Hub)}"
    names = ["o/model", f"o/saes/{HOOK}"]
    packages = ("huggingface_hub", "transformers", "sae-lens")
    print(", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages))

    def fetch(cache, name):
        environment = dict(os.environ, HF_HUB_CACHE=str(cache), HF_ENDPOINT=endpoint, HF_TOKEN="hf_x")
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            environment.pop(variable, None)
        done = subprocess.run([program, "fetch", "-q", name], env=environment, check=True, text=True, stdout=subprocess.PIPE)
        return done.stdout.strip()

    ours, theirs = work / "ours", work / "theirs"
    folders = [fetch(ours, name) for name in names]
    print(python(ours, f"""
import huggingface_hub as h, transformers, sae_lens
for repo, files in {[(r, sorted(f)) for r, f in Hub.repositories.items()]!r}:
    for name in files:
        assert isinstance(h.try_to_load_from_cache(repo, name), str), (repo, name)
    assert h.snapshot_download(repo, local_files_only=True).endswith({COMMIT!r})
model = transformers.AutoModelForCausalLM.from_pretrained("o/model")
sae = sae_lens.SAE.load_from_disk({folders[1]!r})
print("1. huggingface_hub finds every file, transformers loads", sum(p.numel() for p in model.parameters()),
      "parameters, SAELens", sum(p.numel() for p in sae.parameters()))
"""), end="")

    code = f"import os; os.environ['HF_ENDPOINT'] = {endpoint!r}; import huggingface_hub as h\n"
    code += "h.snapshot_download('o/model'); h.snapshot_download('o/saes')"
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ, HF_HUB_CACHE=str(theirs), HF_HUB_DISABLE_XET="1"), check=True)
    before = Hub.transfers
    for name in names:
        fetch(theirs, name)
    assert Hub.transfers == before, "saeinv transferred what huggingface_hub had fetched"
    print("2. saeinv transfers nothing that huggingface_hub fetched")

    differ = [n for n in tree(ours).keys() | tree(theirs).keys() if tree(ours).get(n) != tree(theirs).get(n)]
    assert not differ, differ
    print(f"3. the same {len(tree(ours))} links, blobs and refs in both caches")


if __name__ == "__main__":
    main()
