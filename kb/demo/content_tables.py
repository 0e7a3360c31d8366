"""Influencers, what they publish and which offers it features, collaborations and campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .blocks import Block, Column, codes, cut, to_rows
from .calendar import LAST_DAY, write_days, write_hours
from .cast import DRIFTED_INFLUENCER, DRIFTED_VIDEOS, Part
from .catalog_tables import get_spu_label
from .lexicon import read_rows
from .names import Namer
from .population import Population

_TIERS = (
    ("nano", 1_000),
    ("micro", 10_000),
    ("mid", 100_000),
    ("macro", 500_000),
    ("mega", 1_000_000),
    ("", 4_000_000),
)
_PLATFORMS = ("douyin", "kuaishou", "xiaohongshu", "bilibili")
_CAMPAIGN_VIDEOS = range(DRIFTED_VIDEOS, DRIFTED_VIDEOS + 6)
_OUT_OF_STOCK_VIDEO = _CAMPAIGN_VIDEOS.stop
SEGMENTS = 5
SEGMENT_SECONDS = 540
DECLARED_NICHE, OBSERVED_NICHE = "makeup", "tea-drinks"
CAMPAIGN_WEEKS = (40, 44)
UNDISCLOSED = 40


@dataclass(frozen=True)
class Publications:
    """Who published what about which offer, and when (hours since the start of the year)."""

    influencer: np.ndarray
    spu: np.ndarray
    offer: np.ndarray
    hour: np.ndarray


@dataclass(frozen=True)
class Niches:
    """The second-level categories, and for each the SPUs in it that are sold, best known first."""

    codes: tuple[str, ...]
    spus: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, population: Population) -> Niches:
        lexicon, ranked = population.lexicon, population.pools[0]
        seconds = tuple(row["code"] for row in lexicon.categories if row["parent"] in lexicon.departments)
        spus = []
        for code in seconds:
            inside = np.array([code in lexicon.get_path(row["code"]) for row in lexicon.leaves])
            found = ranked[inside[population.spu_leaf[ranked]]]
            spus.append(found if len(found) else ranked)
        return cls(seconds, tuple(spus))

    def of_influencer(self, influencer: np.ndarray) -> np.ndarray:
        """The number of the niche that each influencer declares."""
        return np.where(
            influencer == DRIFTED_INFLUENCER,
            self.codes.index(DECLARED_NICHE),
            influencer * 7 % len(self.codes),
        )

    def choose(self, population: Population, stream: str, index: np.ndarray, niche: np.ndarray) -> np.ndarray:
        """An SPU of each niche, or of any where somebody strays."""
        strays = population.strays(stream, index)
        anywhere = population.draws.below(f"{stream}/anywhere", index, len(self.codes))
        niche = np.where(strays, anywhere, niche)
        sizes = np.array([len(part) for part in self.spus])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return np.concatenate(self.spus)[starts[niche] + population.draws.skewed(stream, index, sizes[niche])]


def draw_videos(population: Population) -> Publications:
    """All short videos: most keep to their influencer's niche; the first ones show the niche that drifted."""
    draws, niches = population.draws, Niches.of(population)
    video = np.arange(population.sizes.videos)
    influencer = draws.skewed("video/influencer", video, population.sizes.influencers - 1) + 1
    influencer[:DRIFTED_VIDEOS] = DRIFTED_INFLUENCER
    niche = niches.of_influencer(influencer)
    niche[:DRIFTED_VIDEOS] = niches.codes.index(OBSERVED_NICHE)
    niche[:2] = niches.codes.index(DECLARED_NICHE)
    spu = niches.choose(population, "video/spu", video, niche)
    spu[[*_CAMPAIGN_VIDEOS]] = Part.CAMPAIGN_LIFTED
    spu[_OUT_OF_STOCK_VIDEO] = Part.OUT_OF_STOCK
    offer = population.choose_offers("video/offer", video, spu)
    day = 10 + draws.below("video/day", video, LAST_DAY - 12)
    day[:DRIFTED_VIDEOS] = LAST_DAY - 90 + 5 * video[:DRIFTED_VIDEOS]
    day[[*_CAMPAIGN_VIDEOS]] = CAMPAIGN_WEEKS[0] * 7 + np.arange(len(_CAMPAIGN_VIDEOS))
    day = np.maximum(day, population.offer_from_day[offer] + 1)
    return Publications(influencer, spu, offer, day * 24 + draws.below("video/hour", video, 24))


def draw_segments(population: Population) -> Publications:
    """All live segments, stream after stream; the hour is that of the stream's start."""
    draws, niches = population.draws, Niches.of(population)
    segment = np.arange(population.sizes.streams * SEGMENTS)
    stream = segment // SEGMENTS
    influencer = 1 + draws.below("stream/influencer", stream, population.sizes.influencers - 1)
    niche = niches.of_influencer(influencer)
    spu = niches.choose(population, "segment/spu", segment, niche)
    offer = population.choose_offers("segment/offer", segment, spu)
    begun = np.repeat(np.maximum.reduceat(population.offer_from_day[offer], segment[::SEGMENTS]), SEGMENTS)
    day = np.maximum(10 + draws.below("stream/day", stream, LAST_DAY - 12), begun + 1)
    return Publications(influencer, spu, offer, day * 24 + 12 + draws.below("stream/hour", stream, 10))


def build_content(population: Population, videos: Publications, segments: Publications) -> Iterator[Block]:
    """The tables of content, block by block."""
    niches = Niches.of(population)
    for index in cut(population.sizes.influencers):
        yield _build_influencers(population, niches, index)
    collaborations = len(videos.offer) // 4
    for index in cut(collaborations):
        yield _build_collaborations(population, videos, index)
    for index in cut(len(videos.offer)):
        yield _build_videos(population, videos, index)
    for index in cut(population.sizes.posts):
        yield _build_posts(population, niches, index)
    for index in cut(population.sizes.streams):
        yield _build_streams(population, segments, index)
    for index in cut(len(segments.offer)):
        yield _build_segments(population, segments, index)
    yield from _build_campaigns(population)


def draw_followers(population: Population, index: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The followers of influencers and the tiers that they make."""
    draws = population.draws
    tier = np.searchsorted([30, 65, 85, 95], draws.below("influencer/tier", index, 100), side="right")
    floors = np.array([floor for _, floor in _TIERS])
    followers = floors[tier] + draws.below("influencer/followers", index, floors[tier + 1] - floors[tier])
    return followers, [_TIERS[number][0] for number in tier.tolist()]


def declares_none(population: Population, influencer: np.ndarray) -> np.ndarray:
    """Which influencers declare no niche; the one that drifted always does."""
    return population.strays("influencer/niche", influencer) & (influencer != DRIFTED_INFLUENCER)


def _build_influencers(population: Population, niches: Niches, index: np.ndarray) -> Block:
    namer = Namer(population.draws.seed * 53)
    followers, tiers = draw_followers(population, index)
    names = [namer.influencer(number) for number in index.tolist()]
    niche = niches.of_influencer(index).tolist()
    columns: dict[str, Column] = {
        "code": codes("I", index),
        "label_en": [name.en for name in names],
        "label_zh": [name.zh for name in names],
        "niche": [
            None if silent else niches.codes[number]
            for number, silent in zip(niche, declares_none(population, index).tolist(), strict=True)
        ],
        "tier": tiers,
        "followers": followers.tolist(),
        "followers_observed_at": write_days(np.full(len(index), LAST_DAY - 1)),
        "account": [f"{_PLATFORMS[number % 4]}:{70_000 + number * 37}" for number in index.tolist()],
    }
    return Block("influencers", columns)


def _build_collaborations(population: Population, videos: Publications, index: np.ndarray) -> Block:
    video = index * 4
    day = videos.hour[video] // 24
    share = 5 + population.draws.below("collaboration/share", index, 26)
    columns: dict[str, Column] = {
        "code": codes("A", index),
        "influencer": codes("I", videos.influencer[video]),
        "merchant": codes("M", population.offer_merchant[videos.offer[video]], 4),
        "started": write_days(day - 7),
        "ended": write_days(day + 21),
        "commission_rate": [f"0.{percent:02d}" for percent in share.tolist()],
    }
    return Block("collaborations", columns)


def _label_content(population: Population, spu: np.ndarray, en: str, zh: str) -> dict[str, Column]:
    labels = [get_spu_label(population, number) for number in spu.tolist()]
    return {
        "label_en": [f"{en}: {label[0]}" for label in labels],
        "label_zh": [f"{zh}:{label[1]}" for label in labels],
    }


def _choose_topics(population: Population, stream: str, index: np.ndarray) -> list[str]:
    topics = [row["code"] for row in read_rows("topics")]
    return [topics[number] for number in population.draws.below(stream, index, len(topics)).tolist()]


def _build_videos(population: Population, videos: Publications, index: np.ndarray) -> Block:
    paid = [number % 4 == 0 and number // 4 < len(videos.offer) // 4 for number in index.tolist()]
    columns: dict[str, Column] = {
        "code": codes("V", index, 6),
        **_label_content(population, videos.spu[index], "Tried out", "实测"),
        "influencer": codes("I", videos.influencer[index]),
        "published": write_hours(videos.hour[index]),
        "seconds": (20 + population.draws.below("video/seconds", index, 160)).tolist(),
        "topic": _choose_topics(population, "video/topic", index),
        "offer": codes("F", videos.offer[index], 6),
        "collaboration": [
            f"A{n // 4 + 1:05d}" if p else None for n, p in zip(index.tolist(), paid, strict=True)
        ],
        "disclosed": [
            "true" if p and n % (4 * UNDISCLOSED) != 4 else "false"
            for n, p in zip(index.tolist(), paid, strict=True)
        ],
    }
    return Block("videos", columns)


def _build_posts(population: Population, niches: Niches, index: np.ndarray) -> Block:
    draws = population.draws
    influencer = 1 + draws.below("post/influencer", index, population.sizes.influencers - 1)
    spu = niches.choose(population, "post/spu", index, niches.of_influencer(influencer))
    day = np.maximum(5 + draws.below("post/day", index, LAST_DAY - 8), population.spu_first_day[spu] + 1)
    columns: dict[str, Column] = {
        "code": codes("T", index, 6),
        **_label_content(population, spu, "Notes on", "笔记"),
        "influencer": codes("I", influencer),
        "published": write_hours(day * 24 + draws.below("post/hour", index, 24)),
        "topic": _choose_topics(population, "post/topic", index),
        "spu": codes("P", spu),
    }
    return Block("posts", columns)


def _build_streams(population: Population, segments: Publications, index: np.ndarray) -> Block:
    first = index * SEGMENTS
    hour = segments.hour[first]
    columns: dict[str, Column] = {
        "code": codes("R", index),
        **_label_content(population, segments.spu[first], "Live with", "直播"),
        "influencer": codes("I", segments.influencer[first]),
        "published": write_hours(hour),
        "started": write_hours(hour),
        "ended": write_hours(hour + 1),
        "seconds": [3600] * len(index),
        "topic": _choose_topics(population, "stream/topic", index),
    }
    return Block("live_streams", columns)


def _build_segments(population: Population, segments: Publications, index: np.ndarray) -> Block:
    start = index % SEGMENTS * (SEGMENT_SECONDS + 60)
    stream = index // SEGMENTS
    columns: dict[str, Column] = {
        "code": [f"R{number // SEGMENTS + 1:05d}-{number % SEGMENTS + 1}" for number in index.tolist()],
        "stream": codes("R", stream),
        **_label_content(population, segments.spu[index], "On air", "讲解"),
        "influencer": codes("I", segments.influencer[index]),
        "published": write_hours(segments.hour[index]),
        "start_second": start.tolist(),
        "end_second": (start + SEGMENT_SECONDS).tolist(),
        "offer": codes("F", segments.offer[index], 6),
    }
    return Block("live_segments", columns)


def _build_campaigns(population: Population) -> Iterator[Block]:
    segments = [row["code"] for row in read_rows("segments")]
    count = max(6, round(6 * population.sizes.videos / 200))
    names = (
        ("Kitchen month", "厨房焕新月"),
        ("Spring tea days", "春茶节"),
        ("Camping weeks", "露营季"),
        ("Home refresh", "家居焕新周"),
    )
    campaigns, contents = [], []
    for number in range(count):
        start = CAMPAIGN_WEEKS[0] * 7 if number == 0 else 20 + number * 47 % 300
        code, (en, zh) = f"N{number + 1:04d}", names[number % 4]
        dates = write_days(np.array([start, start + 28 if number == 0 else start + 14]))
        campaigns.append(
            {
                "code": code,
                "label_en": f"{en} {number + 1}",
                "label_zh": f"{zh}{number + 1}",
                "started": dates[0],
                "ended": dates[1],
                "segment": "home-cooks" if number == 0 else segments[number % len(segments)],
            }
        )
        shown = (
            _CAMPAIGN_VIDEOS
            if number == 0
            else [30 + (number * 2 + k) % (population.sizes.videos - 30) for k in (0, 1)]
        )
        contents += [{"campaign": code, "video": f"V{video + 1:06d}"} for video in shown]
    yield to_rows("campaigns", campaigns)
    yield to_rows("campaign_videos", contents)
