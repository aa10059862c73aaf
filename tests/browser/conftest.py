"""A site built for real, a Chromium, and axe-core where npm can fetch it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.projects import code, demo_cells, notebook, prose, write_project
from tests.shared_workers import shared_workers
from undercut.errors import BuildError
from undercut.report.build import build_reports

EVIL = "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
AXE_VERSION = "4.10.3"

MATH = r"""
## How it is measured

Prices fell from $15.00 to $2.50. With $p_{it}$ the price of offer $i$ in month $t$:

$$ I_t = \exp\left(\frac{1}{n}\sum_{i=1}^{n} \ln\frac{p_{it}}{p_{i,t-1}}\right) $$
"""
FIGURE = """
    import matplotlib.pyplot as plt
    import pandas as pd
    from undercut import plots, tables

    plots.set_house_style()
    report.answer("Prices fell by 36%, at least by 30%.")
    figure, ax = plt.subplots()
    for origin, access in (("US", "closed"), ("CN", "open")):
        ax.plot([1, 2], [3, len(origin + access)], **plots.mark(origin, access))
    with plots.narrow():
        phone = plots.own_axes(height=3.0)
        phone.plot([1, 2, 3], [3, 5, 4], **plots.mark("US", "closed"))
        phone = phone.figure
    finding = "Open models are cheaper than closed ones of equal capability"
    plots.headline(ax, finding, "US dollars", source="Source: none")
    data = pd.DataFrame({"x": [1, 2]})
    alt = "Two lines fall; the open one ends lower."
    report.figure(figure, "prices", alt=alt, data=data, phone=phone)
"""
SERIES = """
    months = pd.date_range("2024-01-01", "2026-01-01", freq="MS")

    def lines():
        ax, ends = plots.own_axes(height=3.0), {}
        for place, (name, origin) in enumerate({"US closed": "US", "Chinese open": "CN"}.items()):
            values = [10.0 * place + month for month in range(len(months))]
            color, above = plots.origin_color(origin), [value + 1 for value in values]
            ax.plot(months, values, color=color)
            plots.band(ax, months, [value - 2 for value in above], above, color)
            ends[name] = (months[-1], values[-1])
        plots.label_line_ends(ax, ends, {})
        return plots.headline(ax, "Two lines rise", "dollars").figure

    wide = lines()
    with plots.narrow():
        phone = lines()
    report.figure(wide, "rise", alt="Both lines rise.", data=data, phone=phone)
"""
TABLES = f"""
    evil = {EVIL!r}
    frame = pd.DataFrame({{"model": ["gpt", evil], "price": [2.5, 0.27], "n": [3, 1200]}})
    formats = {{"price": "usd"}}
    names, prices = [f"m{{n}}" for n in range(14)], [130.5 - 10 * n for n in range(14)]
    rows = pd.DataFrame({{"model": names, "price": prices}})
    display(tables.show(rows, title="Offers by number", row_label="model"))
    display(tables.show(frame, title="Prices " + evil, row_label="model", formats=formats))
    frame
"""
RAW = """
    import sys
    from IPython.display import HTML, Markdown
    print(evil)
    print("careful", file=sys.stderr)
    display(HTML(evil), Markdown(evil))
    report.warn(evil)
"""


SITE = """
[site]
front = "brief"
[site.questions]
"Prices." = "demo"
[site.ways]
"You buy AI" = ["demo", "explore.html"]
[site.asked]
"How fast did it fall?" = "demo#how-it-is-measured"
"What will it cost me?" = "explore.html#v=200"
"""
BRIEFING = f"""
    from undercut.report.findings.results import Results, read_results

    fall = read_results()["demo"]["findings"][0]
    report = Results("brief", title="In short", data_kind="simulated", parameters={{"limit": limit}})
    report.answer("Prices fell.")
    for number in range(8):
        report.finding(f"fall{{number}}", f"Fall {{number}} {EVIL}", fall["value"], "%",
                       ci=(fall["ci_low"], fall["ci_high"]), n=212)
    verdicts = ["supported", "contradicted", "mixed", "not testable"]
    report.claims([{{"id": f"claim-{{number}}", "claim": f"Open models cost less {{number}} {EVIL}.",
                     "verdict": verdict, "reason": "One finding speaks for it {EVIL}.",
                     "findings": [{{"report": "demo", "key": "fall"}}, {{"report": "demo", "key": "gone"}}],
                     "interval": "−41% to −30%", "as_of": "2026-11-01", "would_change": "a rise"}}
                   for number, verdict in enumerate(verdicts)])
    report.save()
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a built site with one report that shows everything a report can show."""
    cells = demo_cells(
        prose(MATH),
        prose("## Prices"),
        code(FIGURE),
        code(SERIES),
        prose("### As a table"),
        code(TABLES),
        code(RAW),
    )
    cells[1] = code(f"limit = 5\nwho = {EVIL!r}", "parameters")
    types = 'limit = { type = "int" }\nwho = { type = "str" }'
    given = cells[2]["source"].replace('{"limit": limit}', '{"limit": limit, "who": who}')
    cells[2] = cells[2] | {"source": given}
    project = write_project(tmp_path_factory.mktemp("site"), cells, parameters=types)
    with shared_workers(tmp_path_factory.mktemp("forge")):
        build_reports(root=project)
        add_broken_report(project)
        add_draft(project)
        add_briefing(project)
    return project / "reports" / "site"


def add_broken_report(project: Path) -> None:
    """A second report that was built once and then failed, with a message that is an attack."""
    kept = (project / "reports.toml").read_text()
    sample = demo_cells()
    sample[2] = sample[2] | {
        "source": sample[2]["source"].replace("simulated", "sample").replace("demo", "broken")
    }
    write_project(project, sample, name="broken")
    (project / "reports.toml").write_text(kept + (project / "reports.toml").read_text())
    build_reports(["broken"], root=project)
    sample[-1] = code(f"raise KeyError({EVIL!r})")
    (project / "notebooks" / "broken.ipynb").write_text(json.dumps(notebook(sample)))
    with pytest.raises(BuildError):
        build_reports(["broken"], root=project)


def add_draft(project: Path) -> None:
    """A report that is not ready for the front page."""
    kept = (project / "reports.toml").read_text()
    cells = demo_cells(prose("## An unfinished thought"))
    cells[2] = cells[2] | {"source": cells[2]["source"].replace("demo", "draft")}
    write_project(project, cells, name="draft")
    entry = (project / "reports.toml").read_text().replace("title =", "draft = true\ntitle =")
    (project / "reports.toml").write_text(kept + entry)
    build_reports(["draft"], root=project)


def add_briefing(project: Path) -> None:
    """A report made from the two, whose answer, findings and claims open the front page."""
    kept = (project / "reports.toml").read_text()
    write_project(project, [code("limit = 5", "parameters"), code(BRIEFING)], name="brief")
    entry = (project / "reports.toml").read_text().replace("title =", 'after = "all"\ntitle =')
    (project / "reports.toml").write_text(f"{SITE}{kept}{entry}")
    build_reports(["brief"], root=project)


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Debian's Chromium, or whichever is on the path."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        rootless = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=[*rootless, "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Source of axe-core, fetched with npm into a temporary folder."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm to fetch axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(
            [npm, "pack", "--silent", f"axe-core@{AXE_VERSION}"],
            cwd=folder, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("npm cannot fetch axe-core here")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
