"""The medians of what was measured, as a table, with ours beside the peer's: table.py FILE, or table.py --line LINE"""

import sys
from dataclasses import dataclass
from itertools import groupby
from statistics import median


HEAD = """\
| numbers | connections | | answers/s | numbers/s | right/s | p50 ms | p99 ms | false 503 % | pool empty % | CPU ms per answer | \
ours is | of doing nothing |
|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|"""

# In this order, so that ours comes beside what it is compared with.
SIDES = ["peer", "nothing", "cordboard"]


@dataclass
class Measurement:
    side: str
    numbers: int
    connections: int
    seconds: float
    allocated: int
    empty: int
    false_empty: int
    other: int
    failed: int
    p50: float
    p99: float
    processor_ms: float

    @classmethod
    def read(cls, line):
        side, *figures = line.split("\t")
        kinds = list(cls.__dataclass_fields__.values())[1:]
        return cls(side, *(kind.type(float(figure)) for kind, figure in zip(kinds, figures, strict=True)))

    @property
    def answers(self):
        return max(1, self.allocated + self.empty + self.false_empty + self.other)

    @property
    def per_second(self):
        return self.answers / self.seconds

    @property
    def numbers_per_second(self):
        return self.allocated / self.seconds

    @property
    def right_per_second(self):
        return (self.allocated + self.empty) / self.seconds

    @property
    def false_share(self):
        return 100 * self.false_empty / self.answers

    @property
    def empty_share(self):
        return 100 * self.empty / self.answers

    @property
    def processor_ms_per_answer(self):
        return self.processor_ms / self.answers

    def trouble(self):
        return f", {self.other} other answers, {self.failed} failed" if self.other or self.failed else ""


def milliseconds(figure):
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"


def line(one):
    print(
        f"    {one.side} {one.numbers} numbers, {one.connections} connections: {one.per_second:.0f} answers/s, "
        f"p50 {milliseconds(one.p50)} ms, p99 {milliseconds(one.p99)} ms, false 503 {one.false_share:.1f} %{one.trouble()}"
    )


def table(measurements):
    def place(one):
        return one.numbers, one.connections, SIDES.index(one.side)

    print(HEAD)
    reached = {}
    for (numbers, connections, _), rounds in groupby(sorted(measurements, key=place), key=place):
        rounds = list(rounds)

        def middle(figure, rounds=rounds):
            return median(getattr(one, figure) for one in rounds)

        right, side = middle("right_per_second"), rounds[0].side
        reached[side, numbers, connections] = right
        times = share = ""
        if side == "cordboard" and (peer := reached.get(("peer", numbers, connections))):
            times = f"{right / peer:.1f} ×"
        if side == "cordboard" and (most := reached.get(("nothing", numbers, connections))):
            share = f"{100 * right / most:.0f} %"
        # Where the server was not started here its processor time is not known.
        processor = f"{middle('processor_ms_per_answer'):.2f}" if middle("processor_ms") else ""
        cells = [
            f"{numbers:,}",
            connections,
            side,
            *(f"{middle(rate):.0f}" for rate in ("per_second", "numbers_per_second", "right_per_second")),
            *(milliseconds(middle(percentile)) for percentile in ("p50", "p99")),
            *(f"{middle(share):.1f}" for share in ("false_share", "empty_share")),
            processor,
            times,
            share,
        ]
        print("|", " | ".join(map(str, cells)), "|")
    wrong = [one for one in measurements if one.other or one.failed]
    for one in wrong:
        print(f"{one.side}, {one.numbers} numbers, {one.connections} connections{one.trouble()}", file=sys.stderr)
    return 1 if wrong else 0


if sys.argv[1] == "--line":
    line(Measurement.read(sys.argv[2]))
else:
    with open(sys.argv[1]) as file:
        sys.exit(table([Measurement.read(row) for row in file]))
