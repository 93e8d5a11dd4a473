"""Two libraries that others wrote: ``wechatpy`` as a client of the simulator, ``@wecom/crypto`` at both ends of a
callback."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wechatpy.enterprise.client import WeChatClient  # type: ignore[import-untyped]  # it ships no types

from hub.testkit.environment import keep_folder, run_logged
from hub.testkit.servers import ServerMissing
from tests.house.source import ROOT

LOCK = ROOT / "tests" / "locks" / "wecom-crypto.txt"
CACHE = ROOT / ".cache" / "wecom-crypto"
DOOR = Path(__file__).with_name("vendor_door.js")
CALL = "const o = require(process.argv[1]), [name, ...given] = JSON.parse(process.argv[2]);" + (
    "const read = (v) => v && v.hex !== undefined ? Buffer.from(v.hex, 'hex') : v;"
    "process.stdout.write(JSON.stringify(o[name](...given.map(read))));"
)


def make_client(credentials: Mapping[str, str]) -> Any:
    """The library, told where the simulator is: its base address is a constant and gettoken another one."""
    base = credentials["url"]

    class LocalClient(WeChatClient):  # type: ignore[misc]  # its base has no types
        API_BASE_URL = f"{base}/"

        def fetch_access_token(self) -> Any:
            asked = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(url=f"{base}/gettoken", params=asked)

    made = LocalClient(credentials["corp_id"], credentials["secret"])
    made._http.trust_env = False
    return made


@dataclass(frozen=True)
class NodeCrypto:
    """The vendor's library under Node."""

    node: str
    script: Path

    def call(self, name: str, *given: Any) -> Any:
        """One function of it; bytes are handed over as ``{"hex": …}``."""
        asked = [{"hex": one.hex()} if isinstance(one, bytes) else one for one in given]
        command = [self.node, "-e", CALL, str(self.script), json.dumps([name, *asked])]
        done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def push(self, url: str, message: str, receive_id: str, **told: str) -> Mapping[str, Any]:
        """One callback that the library encrypts and signs; ``status`` and ``body`` of the answer. ``told``: token,
        aes_key, timestamp, method."""
        asked = json.dumps({"url": url, "message": message, "id": receive_id, **told})
        command = [self.node, str(DOOR), str(self.script), asked]
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
        answer: Mapping[str, Any] = json.loads(done.stdout)
        return answer

    @contextmanager
    def door(self, token: str, aes_key: str) -> Iterator[VendorDoor]:
        """A door for callbacks that is the library's alone."""
        command = [self.node, str(DOOR), str(self.script), json.dumps({"token": token, "aes_key": aes_key})]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield VendorDoor(json.loads(process.stdout.readline())["url"], process.stdout)
            finally:
                process.terminate()


@dataclass(frozen=True)
class VendorDoor:
    """Where it is, and what it took."""

    url: str
    lines: IO[str]

    def take(self) -> Mapping[str, Any]:
        """The next callback: ``target`` and ``body`` as they came, ``message`` and ``id`` as the library read them."""
        taken: Mapping[str, Any] = json.loads(self.lines.readline())
        return taken


def prepare_node_crypto() -> NodeCrypto:
    """Fetched once and checked by its digest. ``ServerMissing`` without Node, or without a line to fetch it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise ServerMissing("@wecom/crypto needs node and npm; on Debian: apt-get install nodejs npm")
    name, version, digest = LOCK.read_text(encoding="utf-8").splitlines()[-1].split()

    def fetch(folder: Path) -> None:
        log = folder / "npm.log"
        if not run_logged([npm, "pack", f"{name}@{version}", "--silent", "--pack-destination", str(folder)], log):
            raise ServerMissing(f"{name} cannot be fetched: {log.read_text(encoding='utf-8')[-300:]}")
        (archive,) = folder.glob("*.tgz")
        if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
            raise RuntimeError(f"{archive.name} is not the archive that {LOCK.name} names")
        with tarfile.open(archive) as packed, packed.extractfile("package/lib/index.js") as script:  # type: ignore[union-attr]  # a file
            (folder / "index.js").write_bytes(script.read())

    CACHE.mkdir(parents=True, exist_ok=True)
    return NodeCrypto(node, keep_folder(CACHE / digest[:12], fetch) / "index.js")
