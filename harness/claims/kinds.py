"""What an entry of the register is: a sentence of the paper, or something else that is judged beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is judged; whatever is not a `claim` is shown and counted apart."""

    CLAIM = "claim"
    """A sentence of the paper that could be false."""
    DEFINITION = "definition"
    """A sentence of the paper that is true by definition, or of any numbers."""
    DERIVED = "derived"
    """What the paper never printed, and what follows from it or is needed beside it."""
    ERROR = "error"
    """A printed statement that is false, with a consequence or without: the only kind that can be an erratum."""
    SLIP = "slip"
    """A slip of notation or typing whose intention is plain."""
    UNSAID = "unsaid"
    """What the paper leaves open, so that its readers have to choose a reading."""
    CODE_DIFFERS = "code differs"
    """The text and the authors' released code disagree."""


OF_ERRATUM = {Kind.ERROR}
OF_REMARK = {Kind.SLIP, Kind.UNSAID, Kind.CODE_DIFFERS}
OF_NEITHER = set(Kind) - OF_ERRATUM - OF_REMARK


@dataclass(frozen=True)
class Erratum:
    """A statement of the paper that is false as printed.

    Attributes:
        printed: the statement or value, verbatim; "..." stands for what is left out between two pieces of it.
        correct: what it should be.
        derivation: why, in a few lines that a reader can follow.
        consequence: which later results of the paper depend on it, and whether they survive; all that follow from one
            cause stand here, as one erratum.
    """

    printed: str
    correct: str
    derivation: str
    consequence: str = ""

    @property
    def kind(self) -> Kind:
        """An error, and nothing else."""
        return Kind.ERROR


@dataclass(frozen=True)
class Remark:
    """A passage that is no mistake of the paper's, and that a reader should know of.

    The claim's rules judge `meant`, not what is printed; the control is the passage taken at its letter, or the other
    of text and code.

    Attributes:
        kind: a slip, something unsaid, or code that differs.
        printed: the passage, verbatim, as in an `Erratum`; of something unsaid, the passage that leaves it open.
        meant: what is meant, or what the code does, with its version, or the readings that are left.
        derivation: how one can tell, in a few lines that a reader can follow.
    """

    kind: Kind
    printed: str
    meant: str
    derivation: str
