"""Prints the results of the benchmark for people."""
from bench_results import AT_LEAST, BARS, PEAK, SIZES

STEPS = ["first backup", "unchanged rerun", "the night after", "verify", "verify deep", "restore"]
MIB = 1 << 20


def figure(results, corpus, tool, measure):
    median = results.median(corpus, tool, measure)
    if median is None:
        return "-"
    if measure == PEAK:
        return f"{median:.0f} MiB"
    if measure in SIZES:
        return f"{median / MIB:.1f} MiB"
    return f"{median:.2f} s ({results.median_cpu(corpus, tool, measure):.2f})"


def ratio(results, corpus, measure):
    found = None if measure == PEAK else results.against_peer(corpus, measure)
    if found is None:
        return ""
    return f"{found:.2f} of it" if measure in SIZES else f"{found:.2f} times as fast"


def print_limits(about):
    limits = about["limits"]
    print(f"limits, on its {limits['bytes'] / MIB:.0f} MiB as a tar: "
          f"memcpy {limits['memcpy']:.2f} s, SHA-256 in one process {limits['sha256']:.2f} s, "
          f"zstd -3 -T2 {limits['zstd']:.2f} s to {limits['compressed'] / MIB:.0f} MiB")


def print_corpus(results, corpus, tools):
    about = results.about[corpus]
    print(f"\n{corpus}: {about['bytes'] / MIB:.0f} MiB in {about['files']} files; "
          "medians; seconds of wall (of CPU)")
    print(f"{'':20}" + "".join(f"{tool:>20}" for tool in tools)
          + f"  {'azekura to the better peer'}")
    for measure in [*STEPS, *SIZES, PEAK]:
        row = "".join(f"{figure(results, corpus, tool, measure):>20}" for tool in tools)
        print(f"{measure:20}{row}  {ratio(results, corpus, measure)}".rstrip())
    print_limits(about)


def print_classes(results, classes, tools):
    print("\neach class of data alone; medians\n"
          f"{'':10}{'MiB':>6}  {'':8}{'first':>9}{'MiB/s':>8}{'stored MiB':>12}{'night':>9}"
          f"{'added MiB':>12}  azekura to the better peer: first, stored, night, added")
    for corpus in classes:
        size = results.about[corpus]["bytes"] / MIB
        for tool in tools:
            first, stored, night, added = (results.median(corpus, tool, measure) for measure in (
                "first backup", "medium at first", "the night after", "added by the night"))
            row = (f"{corpus.split('/')[1]:10}{size:6.0f}  {tool:8}{first:7.2f} s"
                   f"{size / first:8.0f}{stored / MIB:12.1f}{night:7.2f} s{added / MIB:12.1f}")
            if tool == "azekura":
                ratios = [results.against_peer(corpus, measure) for measure in (
                    "first backup", "medium at first", "the night after", "added by the night")]
                row += "  " + " ".join(f"{found:6.2f}" for found in ratios if found is not None)
            print(row.rstrip())


def verdict(bar, found):
    if found is None:
        return "not measured"
    corpus, number = found
    said = f"{number:8.2f} in {corpus}: "
    if (number >= bar.bar) if bar.kind == AT_LEAST else (number <= bar.bar):
        return said + "holds"
    return said + f"MISSED, {number / bar.bar:.2f} of the bar"


def print_bars(results):
    print("\nbars, in the corpus where azekura does worse")
    for bar in BARS:
        name = bar.measure + (", incompressible alone" if bar.alone else "")
        unit = " MiB" if not bar.of_peer else (
            "x as fast" if bar.kind == AT_LEAST else " of the bytes")
        asked = f"{bar.kind} {bar.bar:g}{unit}"
        print(f"{name:38}{asked:28}{verdict(bar, results.judged(bar))}")
