"""Says what stands outside the bucket of evidence for it, and what that proves. Pure."""

from collections.abc import Sequence

from pedwatch.audit.anchors import Anchor

_NEITHER = (
    "no head proves that a pack was true when it was written, nor that what came after it is whole: that takes a later "
    "head"
)


def told(last: int, heads: Sequence[str], anchors: Sequence[Anchor] | None, why_not: str | None = None) -> list[str]:
    """Say it, a line each.

    Args:
        last: number of the chain's last entry; 0 without any.
        heads: given by hand.
        anchors: of the bucket of heads; None where it was not looked at.
        why_not: why it was not, where somebody might expect it.
    """
    lines = [f"the bucket of heads was not looked at: {why_not}"] if anchors is None and why_not else []
    if anchors:
        newest = max(anchor.sequence for anchor in anchors)
        rest = f"; entries {newest + 1} to {last} have no head there yet" if newest < last else ""
        lines.append(
            f"the bucket of heads has {len(anchors)}, the newest of entry {newest}: it proves all up to it against "
            f"whoever may write this bucket, since nobody can change a head there before its time{rest}"
        )
    elif anchors is not None:
        lines.append("the bucket of heads has none of this label, so it proves nothing of it")
    if heads:
        lines.append(
            "a head given by hand proves all up to its entry against whoever could not write where it was posted: "
            "Slack keeps it apart from this bucket"
        )
    return [*lines, _NEITHER] if heads or anchors else lines
