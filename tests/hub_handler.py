"""What the small Hub answers to each request: files, listings, uploads, and the faults that are ordered."""

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from hub_repository import GOOD_TOKEN, LARGE, Repo, git_hash


class Handler(BaseHTTPRequestHandler):
    """One connection to a `hub_server.HubServer`, which is `hub`."""

    hub: Any
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client has gone
            self.close_connection = True

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._route()

    def do_PUT(self) -> None:
        self._route()

    def _route(self) -> None:
        path = urlsplit(self.path).path
        self.hub.requests.append(f"{self.command} {unquote(path)}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if self.hub.answer is not None:
            self._send(200, self.hub.answer, {"Content-Type": "text/html"})
        elif parts[0] == "lfs":
            self._store(parts[1], body) if self.command == "PUT" else self._send_blob(parts[1])
        elif parts[0] == "api":
            self._api(parts[1:], body)
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._lfs_batch(json.loads(body))
        elif "resolve" in parts[2:4]:  # of a model, or of a dataset, whose name begins with `datasets/`
            at = parts.index("resolve", 2)
            self._resolve("/".join(parts[:at]), parts[at + 1], "/".join(parts[at + 2 :]))
        else:
            self._fail(404, "EntryNotFound", f"no route {path}")

    def _api(self, parts: list[str], body: bytes) -> None:
        if "api" in self.hub.stall:
            self._never()
        elif parts == ["validate-yaml"]:
            self._json({"errors": [], "warnings": []})
        elif parts == ["repos", "create"]:
            self._create(json.loads(body))
        elif parts[0] in ("models", "datasets"):
            kind = "datasets/" if parts[0] == "datasets" else ""
            self._repository(kind + "/".join(parts[1:3]), parts[3:], body)
        else:
            self._fail(404, "EntryNotFound", "no such API")

    def _repository(self, name: str, rest: list[str], body: bytes) -> None:
        verb, revision = (rest[0], "/".join(rest[1:]) or "main") if rest else ("revision", "main")
        repo = self._readable(name)
        if repo is None:
            return
        if verb == "preupload":
            files = json.loads(body)["files"]
            modes = [(file["path"], "lfs" if file["path"].endswith(LARGE) else "regular") for file in files]
            self._json({"files": [{"path": p, "uploadMode": m, "shouldIgnore": False} for p, m in modes]})
        elif verb == "commit" and "commit" in self.hub.stall:
            self.close_connection = True  # the client has sent everything, and hears nothing
        elif verb == "commit":
            self._commit(name, repo, revision, body)
        elif verb == "branch":
            repo.refs[revision] = repo.refs["main"]
            self._json({})
        elif verb == "tree":
            self._tree(repo, rest[1], "/".join(rest[2:]))
        elif (commit := repo.resolve(revision)) is None:
            self._fail(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            self._info(name, repo, commit)

    def _tree(self, repo: Repo, revision: str, folder: str) -> None:
        commit = repo.resolve(revision)
        if commit is None:
            self._fail(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        files = repo.commits[commit].items()
        below = f"{folder}/" if folder else ""
        self._json([self._entry(path, content) for path, content in files if path.startswith(below)])

    def _info(self, name: str, repo: Repo, commit: str) -> None:
        siblings = [
            {
                "rfilename": path,
                "size": self._size(path, content),
                "blobId": git_hash(content),
            }
            | self._lfs(path, content)
            for path, content in repo.commits[commit].items()
        ]
        now = self.hub.renamed.get(name, name).removeprefix("datasets/")
        facts = {"_id": now, "id": now, "modelId": now, "sha": commit, "siblings": siblings, "tags": []}
        _, *card = repo.commits[commit].get("README.md", b"").decode().split("---\n")
        facts |= {"cardData": yaml.safe_load(card[0])} if len(card) > 1 else {}
        self._json(facts | {"private": repo.private, "gated": repo.gated and "auto", "downloads": 0})

    def _lfs(self, path: str, content: bytes) -> dict[str, Any]:
        if not path.endswith(LARGE):
            return {}
        digest = self.hub.listed.get(path, hashlib.sha256(content).hexdigest())
        return {"lfs": {"sha256": digest, "size": self._size(path, content), "pointerSize": 130}}

    def _entry(self, path: str, content: bytes) -> dict[str, Any]:
        return {
            "type": "file",
            "path": path,
            "size": self._size(path, content),
            "oid": git_hash(content),
        }

    def _size(self, path: str, content: bytes) -> int:
        return self.hub.sizes.get(path, len(content))

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repo = self._readable(name)
        if repo is None:
            return
        if repo.gated:
            self._fail(403, "GatedRepo", f"Access to model {name} is restricted")
            return
        commit = repo.resolve(revision)
        if commit is None:
            self._fail(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return
        content = repo.commits[commit].get(path)
        headers = {"X-Repo-Commit": commit}
        if content is None:
            self._fail(404, "EntryNotFound", "Entry not found", headers)
        elif path.endswith(LARGE):
            digest = hashlib.sha256(content).hexdigest()
            self.hub.uploads[digest] = content
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{digest}"'}
            headers["Location"] = f"http://localhost:{self.hub.port}/lfs/{digest}?name={path}"
            self._send(302, b"", headers)
        else:
            self._send_content(content, headers | {"ETag": f'"{git_hash(content)}"'}, path)

    def _send_blob(self, digest: str) -> None:
        name = urlsplit(self.path).query.removeprefix("name=")
        self._send_content(self.hub.uploads[digest], {"ETag": f'"{digest}"'}, unquote(name))

    def _send_content(self, content: bytes, headers: dict[str, str], path: str) -> None:
        """A file's bytes, or those of the range asked for, as far as no fault was ordered."""
        start, status = 0, 200
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            start, status = int(asked.removeprefix("bytes=").split("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        until = self.hub.cut.get(path, len(content))
        self._send(status, content[start:], headers, keep=max(0, until - start))
        if self.command == "GET" and until < len(content):
            if "body" in self.hub.stall:
                self.hub.closing.wait(30)
            self.close_connection = True

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked.get('organization') or 'user'}/{asked['name']}"
        name = f"datasets/{name}" if asked.get("type") == "dataset" else name
        if self._token() != GOOD_TOKEN:
            self._fail(401, None, "Invalid username or password.")
            return
        if name in self.hub.forbidden:
            self._fail(403, None, "You don't have the rights to create a dataset under this namespace")
            return
        if name in self.hub.repos:
            self._json({"url": f"{self.hub.url}/{name}"}, 409)
            return
        private = asked.get("visibility") == "private" or asked.get("private")  # older clients ask so
        self.hub.repo(name, {}, private=bool(private))
        self._json({"url": f"{self.hub.url}/{name}", "name": name, "id": name})

    def _lfs_batch(self, asked: dict[str, Any]) -> None:
        objects = [
            {
                "oid": item["oid"],
                "size": item["size"],
                "actions": {"upload": {"href": f"{self.hub.url}/lfs/{item['oid']}"}},
            }
            for item in asked["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _store(self, digest: str, body: bytes) -> None:
        if "upload" in self.hub.stall:
            self.close_connection = True
            return
        if hashlib.sha256(body).hexdigest() != digest:
            self._fail(400, None, "the content does not have this hash")
            return
        self.hub.uploads[digest] = body
        self._send(200, b"", {})

    def _commit(self, name: str, repo: Repo, branch: str, body: bytes) -> None:
        files = dict(repo.commits[repo.refs[branch]])
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        commit = repo.commit(files, branch)
        self._json(
            {"success": True, "commitOid": commit, "commitUrl": f"{self.hub.url}/{name}/commit/{commit}"}
        )

    def _readable(self, name: str) -> Repo | None:
        """The repository, or None after the answer of a Hub that does not say whether it exists."""
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self._token() != GOOD_TOKEN):
            status = 404 if self._token() == GOOD_TOKEN else 401
            self._fail(status, "RepoNotFound", "Repository not found")
            return None
        return repo

    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _never(self) -> None:
        self.hub.closing.wait(30)
        self.close_connection = True

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _fail(
        self, status: int, code: str | None, message: str, headers: dict[str, str] | None = None
    ) -> None:
        error_headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        body = json.dumps({"error": message}).encode()
        self._send(status, body, error_headers | (headers or {}))

    def _send(self, status: int, body: bytes, headers: dict[str, str], keep: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:keep])
            self.wfile.flush()
