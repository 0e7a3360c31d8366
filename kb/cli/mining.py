"""Verbs of mining: mine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .options import format_option, opened, put, steps, store_option
from .reviewing import put_all


@click.group(
    epilog="""
\b
Examples:
  kb mine products
  kb mine categories
  kb mine attributes
  kb mine merchants
  kb mine buyers
  kb mine runs
  kb mine diff
  kb mine undo products-20261123T070501
"""
)
def mine() -> None:
    """Mine knowledge from the graph; each run is one commit, with the evidence of what it found.

    Needs the extra: pip install 'commerce-kb[mining]'.
    """


@mine.command(
    "products",
    epilog="""
\b
Examples:
  kb mine products
  kb mine products --threshold 0.8
  kb mine products --format json | jq .figures
""",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Score from which listings are one product [default: the best one in training].",
)
@click.option(
    "--neighbours",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Near listings to compare with.",
)
@click.option(
    "--most", type=click.IntRange(2), default=500, show_default=True, help="The most listings of one product."
)
@click.option("--private", is_flag=True, help="Read private graphs too, and write to one.")
@format_option("text", "json")
@store_option
def products(
    threshold: float | None, neighbours: int, most: int, private: bool, form: str, store: str
) -> int:
    """Place each listing that states no SPU with the SPU it is of; mint SPUs where the catalogue has none.

    Learns from listings whose SPU is stated, or that share a GTIN, from wordings disturbed on purpose and from what
    reviewers decided. SPUs keep their IRIs over runs.
    """
    from ..mining.products import STEPS, ProductOptions, mine_products

    options = ProductOptions(threshold, neighbours, most, private)
    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_products(knowledge, options=options, progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command(
    "categories",
    epilog="""
\b
Examples:
  kb mine categories
  kb mine categories --threshold 0.95
  kb review list --kind in-category
""",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="How likely a category must be to be stated.",
)
@click.option(
    "--doubt",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="How likely to wait for review; what is less likely is left alone.",
)
@click.option(
    "--scheme",
    help="IRI or CURIE of the taxonomy to choose from [default: those that products are sorted into].",
)
@click.option("--private", is_flag=True, help="Read private graphs too, and write to one.")
@format_option("text", "json")
@store_option
def categories(
    threshold: float, doubt: float, scheme: str | None, private: bool, form: str, store: str
) -> int:
    """Find the leaf category of each product that has none but the placeholder 'uncategorised'.

    Learns from the products that have one, from what categories are called, and from what reviewers decided.
    """
    from ..mining.categories import STEPS, CategoryOptions, mine_categories

    options = CategoryOptions(threshold, doubt, scheme, private)
    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_categories(knowledge, options=options, progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command(
    "buyers",
    epilog="""
\b
Examples:
  kb mine buyers
  kb mine buyers --support 10 --members 50
  kb mine buyers --format json | jq .figures
""",
)
@click.option(
    "--half-life",
    type=click.FloatRange(1),
    default=180,
    show_default=True,
    help="Days after which a purchase counts half.",
)
@click.option(
    "--support", type=click.IntRange(2), default=5, show_default=True, help="Baskets that a pair needs."
)
@click.option(
    "--lift", type=click.FloatRange(1), default=1.5, show_default=True, help="Times as often as by chance."
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Score from which a complement or substitute is stated.",
)
@click.option(
    "--members",
    type=click.IntRange(20),
    default=30,
    show_default=True,
    help="The least members of a segment.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="The most affinities of a kind, and next products, of a buyer.",
)
@format_option("text", "json")
@store_option
def buyers(
    half_life: float,
    support: int,
    lift: float,
    threshold: float,
    members: int,
    most: int,
    form: str,
    store: str,
) -> int:
    """Find what buyers prefer, what goes with a product or stands in for it, segments, and next products with reasons.

    All of it goes to a private graph. A buyer who is forgotten (kb forget) leaves it, too.
    """
    from ..mining.buyers import STEPS, BuyerOptions, mine_buyers

    options = BuyerOptions(half_life, support, lift, threshold, members, most)
    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_buyers(knowledge, options=options, progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command(
    "attributes",
    epilog="""
\b
Examples:
  kb mine attributes
  kb mine attributes --threshold 0.95
  kb review list --kind has-attribute
""",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="How likely a value must be to be stated.",
)
@click.option(
    "--doubt",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="How likely to wait for review; what is less likely is left alone.",
)
@format_option("text", "json")
@store_option
def attributes(threshold: float, doubt: float, form: str, store: str) -> int:
    """Find values of attributes in titles and descriptions: names of lists, quantities, and texts like known ones.

    What is asked of a product is what the rules of its category name and nobody states. Quantities come in the units of
    the vocabulary, and in the canonical one.
    """
    from ..mining.attributes import STEPS, AttributeOptions, mine_attributes

    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_attributes(knowledge, options=AttributeOptions(threshold, doubt), progress=step)
    put(report, form)
    return 0 if report else 1


def _party_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """What mining of merchants and of influencers have in common."""
    support = click.option(
        "--support",
        type=click.IntRange(1),
        default=3,
        show_default=True,
        help="Products that a category needs to count.",
    )
    lift = click.option(
        "--lift",
        type=click.FloatRange(1),
        default=1.5,
        show_default=True,
        help="Times the average share that a category needs.",
    )
    return support(lift(verb))


@mine.command(
    "merchants",
    epilog="""
\b
Examples:
  kb mine merchants
  kb explain id:merchant/M0001 ckb:merchantInCategory id:category/beauty
  kb query K06
""",
)
@_party_options
@format_option("text", "json")
@store_option
def merchants(support: int, lift: float, form: str, store: str) -> int:
    """Say in which categories merchants sell more than others, and who specialises in one.

    A merchant specialises in a department or sells anywhere: the score says how likely the first is.
    """
    from ..mining.parties import STEPS, PartyOptions, mine_merchants

    options = PartyOptions(support, lift)
    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_merchants(knowledge, options=options, progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command(
    "influencers",
    epilog="""
\b
Examples:
  kb mine influencers
  kb mine influencers --window 30 --level 1
  kb review list --kind niche
""",
)
@_party_options
@click.option(
    "--level", type=click.IntRange(1), default=2, show_default=True, help="Level of niches, 1 at the top."
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.8,
    show_default=True,
    help="Score from which a niche is stated.",
)
@click.option(
    "--doubt",
    type=click.FloatRange(0, 1),
    default=0.3,
    show_default=True,
    help="Score from which a niche waits for review.",
)
@click.option(
    "--window",
    type=click.IntRange(1),
    default=90,
    show_default=True,
    help="The last days, which tell whether a niche drifts.",
)
@format_option("text", "json")
@store_option
def influencers(
    support: int, lift: float, level: int, threshold: float, doubt: float, window: int, form: str, store: str
) -> int:
    """Find influencers' categories, niches, drifts of niches, and tiers, from what they show and who follows them.

    A niche other than the declared one waits for review; a tier is found for influencers without one.
    """
    from ..mining.parties import STEPS, PartyOptions, mine_influencers

    options = PartyOptions(support, lift, level, threshold, doubt, window)
    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_influencers(knowledge, options=options, progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command(
    "neighbours",
    epilog="""
\b
Examples:
  kb mine neighbours
  kb query K13
  kb query K02 --param spu="scarf 21"
""",
)
@click.option("--most", type=click.IntRange(1), default=3, show_default=True, help="Categories of a product.")
@format_option("text", "json")
@store_option
def neighbours(most: int, form: str, store: str) -> int:
    """Say which categories are nearest to each product: what has the same words, attributes and values.

    Questions K02 and K13 read it: candidate categories, and products that sit in another one than their like.
    """
    from ..mining.neighbours import STEPS, NeighbourOptions, mine_neighbours

    with opened(store, read_only=False) as knowledge, steps(STEPS) as step:
        report = mine_neighbours(knowledge, options=NeighbourOptions(most=most), progress=step)
    put(report, form)
    return 0 if report else 1


@mine.command("runs")
@format_option("text", "json")
@store_option
def list_runs(form: str, store: str) -> None:
    """List the runs that stand, oldest first."""
    from ..mining import runs

    with opened(store) as knowledge:
        put_all(runs(knowledge), form, "No run of mining stands; begin with kb mine products")


@mine.command("diff")
@click.argument("run", required=False)
@format_option("text", "json")
@store_option
def compare(run: str | None, form: str, store: str) -> None:
    """Show what RUN (by default the last one) changed against the runs before it."""
    from ..mining import changes_of_run

    with opened(store) as knowledge:
        put(changes_of_run(knowledge, run), form)


@mine.command("undo")
@click.argument("run")
@format_option("text", "json")
@store_option
def undo(run: str, form: str, store: str) -> int:
    """Undo RUN: what it added goes, what it took back returns."""
    from ..mining import undo_run

    with opened(store, read_only=False) as knowledge:
        report = undo_run(knowledge, run)
    put(report, form)
    return 0 if report else 1
