"""What the readers of payloads yield: a text that runs although nobody can review it."""

from __future__ import annotations

from typing import Literal

from zt_gate.record import dataclass, field

#: ``shell``: another host gets a shell.  ``decoded``: encoded text is decoded and run.
#: ``download``: what another host sends is run.  ``plugin``: a later program loads code.
#: ``host``: a container gets control of the machine.
EffectKind = Literal["shell", "decoded", "download", "plugin", "host"]


@dataclass(frozen=True, slots=True)
class PayloadEffect:
    """One effect: the offsets where the text runs and where it comes from."""

    kind: EffectKind
    at: int
    source: int
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PayloadOrigin:
    """Where a text comes from: another host, a decoder, or both."""

    fetched: bool = False
    decoded: bool = False
    at: int = 0
    urls: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return self.fetched or self.decoded

    def joined(self, other: PayloadOrigin) -> PayloadOrigin:
        """Return the origin of a text made of two."""
        if not other:
            return self
        if not self:
            return other
        return PayloadOrigin(
            self.fetched or other.fetched,
            self.decoded or other.decoded,
            min(self.at, other.at),
            tuple(dict.fromkeys((*self.urls, *other.urls)))[:8],
        )

    def effects(self, at: int) -> list[PayloadEffect]:
        """Return what running such a text at ``at`` does."""
        effects = []
        if self.decoded:
            effects.append(PayloadEffect("decoded", at, self.at, self.urls))
        if self.fetched:
            effects.append(PayloadEffect("download", at, self.at, self.urls))
        return effects


NOWHERE = PayloadOrigin()
