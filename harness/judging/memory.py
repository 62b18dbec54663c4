"""Cases that were judged before, kept so that they need not be judged again while all that they come from is the same.

One sealed file a case, named by what the case is, so that a later judging takes the place of an earlier one.  It says
what the case depends on (code, versions, device) and what its function read (data, weights, records); whoever recalls
it says whether these are still so.  A file that is damaged or of another format is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.judging.claims import CaseResult
from harness.judging.exchange import case_from_json, case_to_json
from harness.store.canonical import canonical
from harness.store.errors import StoreProblem
from harness.store.record import seal, unseal
from harness.system.files import write_atomically
from harness.system.plain import plain

log = logging.getLogger(__name__)

FORMAT = 3
FOLDER = "judged"
"""Where in the store they are kept."""

Json = Mapping[str, Any]


class Memory:
    """The cases under a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, case: Json, depends: Json, unchanged: Callable[[Json], bool]) -> CaseResult | None:
        """What a case came to, if it was judged before and nothing has changed since.

        Args:
            case: what tells the case from every other, as JSON values.
            depends: what its verdict depends on, known before it is judged.
            unchanged: asked about what it read, as `keep` was given it.
        """
        file = self._file(case)
        try:
            body = unseal(file.stem, file.read_bytes())
            same = (body["format"], body["case"], body["depends"]) == (FORMAT, dict(case), dict(depends))
            return case_from_json(body["result"]) if same and unchanged(body["reads"]) else None
        except FileNotFoundError:
            return None
        except (OSError, StoreProblem, KeyError, TypeError, ValueError) as error:
            log.debug("%s is of no use: %s", file, error)
            return None

    def keep(self, case: Json, depends: Json, reads: Json, result: CaseResult) -> None:
        """Keep what a case came to; where the folder cannot be written to, nothing is.

        The file is not flushed to the disk: it says itself whether it is whole.
        """
        came_to = plain(case_to_json(result))
        body = {"format": FORMAT, "case": case, "depends": depends, "reads": reads, "result": came_to}
        with contextlib.suppress(OSError):
            write_atomically(self._file(case), seal(body), lasting=False)

    def _file(self, case: Json) -> Path:
        return self._folder / f"{hashlib.sha256(canonical(dict(case))).hexdigest()}.json"
