"""Which model, by which developer, does a raw id name, and who sells it?

Rules take the host's decoration off (:mod:`undercut.panel.names`), the reviewed tables in
``data/reference`` say which model that is, and where they do not know a name, developers' naming habits
(``developers.csv``) still tell who made it. Names whose target moves are returned as aliases, with the
periods of their targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from undercut.errors import DataError
from undercut.panel.names import Name, packaging_removed, price_class, spelling, split_raw_id, vendor_path
from undercut.panel.sellers import UNKNOWN_HOST, Sellers
from undercut.provenance import provenance_of
from undercut.sources.reference import load_reference

#: What hosts leave out of names that developers write in full: ``gemma-3-27b`` is ``gemma-3-27b-it``.
_OMITTED: Final = ("instruct", "it")
#: Not a model but a price that holds for every model of a size.
PRICE_CLASS: Final = "price-class"
_BEDROCK_STYLE: Final = re.compile(
    r"^(?:[a-z-]+\.)?(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|stability)\.[a-z]"
)
#: Sellers that a source's name for them does not settle.
_LEFT_OPEN: Final = frozenset({"google", "perplexity"})
_SELLS_PARTNERS: Final = frozenset({"alibaba", "alibaba-cn"})
#: Marks of somebody else's rework: the base model's developer did not make it.
_REWORKED: Final = re.compile(r"ablit|uncensor|derestrict|decensor|decenter|heretic")
_FACTS: Final = ("developer", "origin", "access")
_FRAMES: Final = ("models", "aliases", "hosts", "developers")
_TABLES: Final = (*_FRAMES, "capability")


class Target(NamedTuple):
    """What a name stands for: a model, or (``is_alias``) a moving name."""

    name: str
    is_alias: bool
    variant: str


class Maker(NamedTuple):
    """Who made a model, as far as naming habits tell."""

    developer: str | None
    origin: str | None
    access: str | None
    own_host: str | None


_NOBODY: Final = Maker(None, None, None, None)


@dataclass(frozen=True)
class Identity:
    """The tables of names, ready to resolve raw ids.

    Attributes
    ----------
    models : DataFrame
        Indexed by ``model_id``: name, developer, origin, access, licence, release_date, family,
        capability_model, eci, eci_low, eci_high.
    aliases, hosts, developers : DataFrame
        As in ``data/reference``.
    slugs : Mapping
        Every name of a model, to (model_id, variant).
    """

    models: pd.DataFrame
    aliases: pd.DataFrame
    hosts: pd.DataFrame
    developers: pd.DataFrame
    slugs: Mapping[str, tuple[str, str]]

    @classmethod
    def load(cls, directory: Path | None = None) -> Identity:
        """From the reference tables in ``directory`` (default: the project's), built once for each content.

        Raises
        ------
        DataError
            A table is missing or breaks its contract, or one name stands for two models.
        """
        tables = {name: load_reference(name, directory=directory) for name in _TABLES}
        key = tuple(entry["sha256"] for entry in provenance_of(*tables.values()))
        if key not in _READ:
            _READ[key] = cls(
                models=with_capability(tables["models"], tables["capability"]),
                aliases=tables["aliases"],
                hosts=tables["hosts"],
                developers=tables["developers"],
                slugs=_slug_table(tables["models"]),
            )
        kept = _READ[key]
        # Frames of its own, which the caller may change.
        return replace(kept, **{name: getattr(kept, name).copy(deep=False) for name in _FRAMES})

    def resolve(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Who and what each raw id is.

        Parameters
        ----------
        raw : DataFrame
            Unique rows of ``source``, ``raw_host``, ``raw_id``.

        Returns
        -------
        DataFrame
            The same rows, with ``host``, ``host_kind``, ``model_id`` (null for aliases), ``alias`` (null
            for models), ``variant``, ``slug``, ``developer``, ``origin``, ``access`` and ``identified_by``:
            ``table`` (the reviewed tables know the name), ``rule`` (a developer's naming habit; the
            ``model_id`` is then the slug) or ``none``.

        Notes
        -----
        Never raises on any text. Prices by size of model (``together-ai-up-to-4b``) get the model_id
        ``price-class`` and the class as variant.
        """
        text = raw[["source", "raw_host", "raw_id"]].astype("object").fillna("").astype("str")
        found = [self._offer(*offer) for offer in text.itertuples(index=False, name=None)]
        columns = ["host", "model_id", "alias", "variant", "slug", *_FACTS, "identified_by"]
        answers = pd.DataFrame(found, columns=columns, index=raw.index, dtype="object").astype("str")
        kinds = self.hosts.set_index("host")["kind"]
        answers.insert(1, "host_kind", answers["host"].map(kinds).astype("str"))
        return pd.concat([raw, answers], axis=1)

    def alias_periods(self) -> pd.DataFrame:
        """Targets of moving names: host (``*`` = every host), alias, model_id (null = not known),
        valid_from, valid_to (exclusive; null = to this day)."""
        columns = ["host", "alias", "model_id", "valid_from", "valid_to"]
        return self.aliases[columns].sort_values(["host", "alias", "valid_from"], ignore_index=True)

    def describe(self, model_ids: pd.Series) -> pd.DataFrame:
        """Developer, origin, access, release date and capability of models, aligned with ``model_ids``."""
        columns = [*_FACTS, "release_date", "eci"]
        return model_ids.to_frame("model_id").join(self.models[columns], on="model_id")[columns]

    def _offer(self, source: str, raw_host: str, raw_id: str) -> tuple[str | None, ...]:
        name = split_raw_id(raw_id)
        host = self._sellers.of_offer(source, raw_host, raw_id)
        if size := price_class(name.slug):
            seller = host or name.slug.split("-ai-")[0]
            return (seller, PRICE_CLASS, None, size, name.slug, None, None, None, "rule")
        path = vendor_path(raw_id)
        if host is None or host in _LEFT_OPEN:
            host = _seller(host, raw_id, path, self._maker_by_habit(name.slug, path))
        target = self._target(host, name.slug)
        maker = self._maker(target, name.slug, path)
        name = Name(name.slug, _joined(_endpoint(host, raw_host, path), name.variant))
        facts = (maker.developer, maker.origin, maker.access)
        if target is None:
            known = "none" if maker is _NOBODY else "rule"
            return (host, name.slug, None, name.variant, name.slug, *facts, known)
        variant = _joined(name.variant, target.variant)
        model_id, alias = (None, target.name) if target.is_alias else (target.name, None)
        return (host, model_id, alias, variant, name.slug, *facts, "table")

    def _target(self, host: str, slug: str) -> Target | None:
        """What the tables know under this name: as written, respelt, or without packaging."""
        key = (host, slug)
        if key not in self._memory:
            self._memory[key] = next(self._targets(host, slug), None)
        return self._memory[key]

    def _targets(self, host: str, slug: str) -> Iterator[Target]:
        for name in chain([Name(slug, "")], packaging_removed(slug)):
            for form, names in (("written", name.slug), ("spelt", spelling(name.slug))):
                found = self._index[form].get((host, names)) or self._index[form].get(("", names))
                found = found or self._index[form].get(("*", names))
                if found:
                    yield found._replace(variant=_joined(found.variant, name.variant))
            for word in _OMITTED:
                if found := self._index["spelt"].get(("", spelling(f"{name.slug}-{word}"))):
                    yield found._replace(variant=_joined(found.variant, name.variant))

    def _maker(self, target: Target | None, slug: str, path: tuple[str, ...]) -> Maker:
        """The developer by the reviewed table, else by habit."""
        if target:
            developer, origin, access = (self._alias_facts if target.is_alias else self._facts)[target.name]
            if developer:
                return Maker(developer, origin, access, None)
        return self._maker_by_habit(slug, path)

    def _maker_by_habit(self, slug: str, path: tuple[str, ...]) -> Maker:
        """The developer by how names are formed, else by the path that hosts write before them."""
        plain = [slug, *(name.slug for name in packaging_removed(slug, depth=1))]
        for names in () if _REWORKED.search(slug) else plain:
            for pattern, maker in self._habits:
                if pattern.search(names):
                    return maker
        # The last part is nearest to the model; the first may be the host.
        return next(
            (self._paths[part] for part in reversed(path[1:] or path) if part in self._paths), _NOBODY
        )

    @cached_property
    def _memory(self) -> dict[tuple[str, str], Target | None]:
        return {}

    @cached_property
    def _sellers(self) -> Sellers:
        return Sellers.of(self.hosts)

    @cached_property
    def _facts(self) -> dict[str, tuple[Any, ...]]:
        known = self.models[list(_FACTS)].astype("object").where(self.models[list(_FACTS)].notna(), None)
        return dict(zip(known.index, known.itertuples(index=False, name=None), strict=True))

    @cached_property
    def _alias_facts(self) -> dict[str, tuple[Any, ...]]:
        """What all known targets of a moving name share."""
        shared = {}
        for alias, targets in self.aliases.groupby("alias")["model_id"]:
            facts = [self._facts[model] for model in targets.dropna().unique()]
            columns = zip(*facts, strict=True) if facts else [()] * len(_FACTS)
            shared[str(alias)] = tuple(values[0] if len(set(values)) == 1 else None for values in columns)
        return shared

    @cached_property
    def _index(self) -> dict[str, dict[tuple[str, str], Target]]:
        """Targets by (host, name) as written and by (host, spelling); host ``""`` holds fixed names."""
        written = {("", slug): Target(model, False, variant) for slug, (model, variant) in self.slugs.items()}
        moving = self.aliases[["host", "alias"]].drop_duplicates()
        for host, alias in moving.itertuples(index=False, name=None):
            # Some moving names are packaging as well: grok-3-fast.
            written[(host, alias)] = Target(alias, True, self.slugs.get(alias, ("", ""))[1])
        spelt: dict[tuple[str, str], Target] = {}
        ambiguous = set()
        for (host, slug), target in written.items():
            key = (host, spelling(slug))
            if key in spelt and spelt[key] != target:
                ambiguous.add(key)
            spelt[key] = target
        return {"written": written, "spelt": {k: t for k, t in spelt.items() if k not in ambiguous}}

    @cached_property
    def _makers(self) -> list[tuple[dict[str, Any], Maker]]:
        rows = self.developers.astype("object").where(self.developers.notna(), None).to_dict("records")
        return [
            (row, Maker(row["developer"], row["origin"], row["default_access"], row["own_host"]))
            for row in rows
        ]

    @cached_property
    def _habits(self) -> list[tuple[re.Pattern[str], Maker]]:
        return [
            (re.compile(pattern), maker)
            for row, maker in self._makers
            for pattern in (row["patterns"] or "").split()
        ]

    @cached_property
    def _paths(self) -> dict[str, Maker]:
        return {
            part: maker
            for row, maker in self._makers
            for part in (row["vendor_paths"] or "").split("|")
            if part
        }


#: Names as read in this process, by the digests of their tables.
_READ: Final[dict[tuple[str, ...], Identity]] = {}


def coverage(panel: pd.DataFrame, identity: Identity) -> pd.DataFrame:
    """How much of the panel is identified: shares of priced offers, by source and in total.

    Parameters
    ----------
    panel : DataFrame
        With ``source``, ``host``, ``raw_id``, ``model_id``, ``developer``, ``origin``, ``access``.
    identity : Identity
        For release dates and capability.

    Returns
    -------
    DataFrame
        Indexed by source and ``total``: ``offers`` (distinct source, host, raw id) and the shares (0 to 1)
        of offers with ``model``, ``developer``, ``origin``, ``access``, ``release_date``, ``capability``.
        An offer counts as covered if any of its rows is.
    """
    facts = identity.describe(panel["model_id"])
    known = pd.DataFrame(
        {
            "model": panel["model_id"].isin(identity.models.index),
            **{column: panel[column].notna() for column in _FACTS},
            "release_date": facts["release_date"].notna(),
            "capability": facts["eci"].notna(),
        }
    )
    offers = known.groupby([panel["source"], panel["host"], panel["raw_id"]]).any()
    shares = offers.groupby(level="source").mean()
    shares.loc["total"] = offers.mean()
    counts = offers.groupby(level="source").size()
    counts.loc["total"] = len(offers)
    shares.insert(0, "offers", counts)
    return shares


def with_capability(models: pd.DataFrame, capability: pd.DataFrame) -> pd.DataFrame:
    """Models indexed by id, with the score of the capability index where one is named."""
    missing = set(models["capability_model"].dropna()) - set(capability["model"])
    if missing:
        raise DataError(
            f"models.csv names capability models that the index does not have: {sorted(missing)}."
        )
    scores = capability.set_index("model")[["eci", "eci_low", "eci_high"]]
    kept = models.set_index("model_id").drop(columns=["slugs", "release_source"])
    return kept.join(scores, on="capability_model")


def _slug_table(models: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Every name of a model: its id, and the slugs listed for it (``slug~variant`` marks packaging)."""
    table = {model_id: (model_id, "") for model_id in models["model_id"]}
    for model_id, slugs in models[["model_id", "slugs"]].dropna().itertuples(index=False, name=None):
        for entry in slugs.split("|"):
            slug, _, variant = entry.partition("~")
            if table.setdefault(slug, (model_id, variant))[0] != model_id:
                raise DataError(
                    f"models.csv gives the name {slug!r} to {table[slug][0]!r} and to {model_id!r}: keep one."
                )
            table[slug] = (model_id, variant)
    return table


def _seller(host: str | None, raw_id: str, path: tuple[str, ...], maker: Maker) -> str:
    """The host, where source and path left it open: by the id's style, else the developer's own."""
    if host == "google" and maker.developer not in ("Google", None):
        # One source files Vertex under Google; AI Studio sells Google's own models only.
        return "google-vertex"
    if host == "perplexity" and len(path) > 1:
        # perplexity/openai/...: the agent API, which resells others' models beside its own.
        return "perplexity-agent"
    if host is None and _BEDROCK_STYLE.match(raw_id.lower()):
        return "amazon-bedrock"
    return host or maker.own_host or UNKNOWN_HOST


def _endpoint(host: str, raw_host: str, path: tuple[str, ...]) -> str:
    """Whose endpoint a seller passes on, where it passes on several of one model; mostly empty."""
    if host == "huggingface" and "_" in raw_host:
        return raw_host.split("_", 1)[1].lower()
    # alibaba-cn/kimi/kimi-k2.5 is run by the partner, alibaba-cn/kimi-k2.5 by the cloud.
    return path[1] if host in _SELLS_PARTNERS and len(path) > 1 else ""


def _joined(*parts: str) -> str:
    """Variants in the order in which they were found, each once."""
    marks = [mark for part in parts for mark in part.split("+") if mark]
    return "+".join(dict.fromkeys(marks))
