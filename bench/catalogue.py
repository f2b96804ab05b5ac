"""The benchmarks there are, and how long each takes on a quiet machine with two processors."""

from dataclasses import dataclass

LONG_MINUTES = 5.0


@dataclass(frozen=True)
class Benchmark:
    """A module of this package that has ``measure``."""

    name: str
    minutes: float

    @property
    def is_long(self) -> bool:
        """Whether a comparison runs it only when it is named, and once."""
        return self.minutes > LONG_MINUTES

    @property
    def takes_an_hour(self) -> bool:
        """Whether it runs only when it is named, whatever else does."""
        return self.minutes >= 60


BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("audit", 22),
        Benchmark("batch", 5),
        Benchmark("collector", 2),
        Benchmark("command_line", 0.3),
        Benchmark("cost", 1),
        Benchmark("cycle", 6),
        Benchmark("dag_parsing", 0.5),
        Benchmark("export", 3),
        Benchmark("fleet", 2),
        Benchmark("folds", 4),
        Benchmark("limits", 6),
        Benchmark("odd_inputs", 14),
        Benchmark("one_minute_hour", 64),
        Benchmark("outage", 1),
        Benchmark("page", 2),
        Benchmark("plans", 0.5),
        Benchmark("send_faults", 4),
        Benchmark("statement_rendering", 0.2),
        Benchmark("verdicts", 8),
    )
}
