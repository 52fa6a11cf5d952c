"""Where promtool is: on the PATH, or where the launcher puts it."""

import shutil
import subprocess
import sys
from pathlib import Path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    fetched = Path(sys.prefix) / "share" / "promtool"
    promtool = shutil.which("promtool") or (str(fetched) if fetched.exists() else None)
    assert promtool is not None, "promtool is not here: ./tumbuh test fetches it"
    return subprocess.run([promtool, *words], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
