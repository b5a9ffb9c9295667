"""What was measured, in one place: medians, ratios against the better peer, and the bars."""
import dataclasses
import statistics

OURS = "azekura"
PEERS = ("restic", "borg")
# The peers have one way to verify every byte.
MEASURE_OF_PEERS = {"verify deep": "verify"}
PEAK = "peak memory"
INCOMPRESSIBLE = "hospital/jpeg"

AT_LEAST, AT_MOST = "at least", "at most"


@dataclasses.dataclass
class Bar:
    """How many times faster than the better peer, what share of its bytes, or so many MiB."""
    measure: str
    kind: str
    bar: float
    alone: str = ""  # the only corpus it holds for; else all whole ones, of which the worse counts
    of_peer: bool = True


BARS = [
    Bar("first backup", AT_LEAST, 2.5),
    Bar("first backup", AT_LEAST, 5, alone=INCOMPRESSIBLE),
    Bar("unchanged rerun", AT_LEAST, 5),
    Bar("the night after", AT_LEAST, 3),
    Bar("added by the night", AT_MOST, 0.5),
    Bar("medium at first", AT_MOST, 1.0),
    Bar("restore", AT_LEAST, 3),
    Bar("verify", AT_LEAST, 8),
    Bar("verify deep", AT_LEAST, 2),
    Bar(PEAK, AT_MOST, 200, of_peer=False),
]
SIZES = [bar.measure for bar in BARS if bar.of_peer and bar.kind == AT_MOST]


def value(run, measure):
    """Seconds, bytes or MiB of one run; None if it did not measure that."""
    if measure == PEAK:
        return max(cost["rss_mib"] for cost in run["costs"].values())
    if measure in run["costs"]:
        return run["costs"][measure]["wall"]
    return run["sizes"].get(measure)


class Results:
    """Runs, each with corpus, tool, round, costs (step to what it cost), sizes (name to bytes)."""

    def __init__(self):
        self.about = {}  # corpus to what it holds, and its limits
        self.runs = []

    def of(self, corpus, tool):
        return [run for run in self.runs if (run["corpus"], run["tool"]) == (corpus, tool)]

    def median(self, corpus, tool, measure):
        found = [value(run, measure) for run in self.of(corpus, tool)]
        found = [number for number in found if number is not None]
        return statistics.median(found) if found else None

    def median_cpu(self, corpus, tool, step):
        return statistics.median(run["costs"][step]["cpu"] for run in self.of(corpus, tool))

    def better_peer(self, corpus, measure):
        theirs = MEASURE_OF_PEERS.get(measure, measure)
        found = [self.median(corpus, peer, theirs) for peer in PEERS]
        return min((number for number in found if number is not None), default=None)

    def against_peer(self, corpus, measure):
        """For times how many times faster, for sizes which share; None without both sides."""
        ours, theirs = self.median(corpus, OURS, measure), self.better_peer(corpus, measure)
        if ours is None or not theirs:
            return None
        return ours / theirs if measure in SIZES else theirs / max(ours, 1e-9)

    def judged(self, bar):
        """(corpus, figure) where the figure is worst; None if it was not measured."""
        corpora = [bar.alone] if bar.alone else [name for name in self.about if "/" not in name]
        figure_of = self.against_peer if bar.of_peer else (
            lambda corpus, measure: self.median(corpus, OURS, measure))
        figures = [(figure_of(corpus, bar.measure), corpus) for corpus in corpora]
        figures = [found for found in figures if found[0] is not None]
        if not figures:
            return None
        figure, corpus = (min if bar.kind == AT_LEAST else max)(figures)
        return corpus, figure
