"""Who plays which part: the SPUs, influencers and merchants in which something is planted to be found."""

from __future__ import annotations

from enum import IntEnum

PERIOD = 160
"""Every run of this many SPUs starts with the cast's categories; parts marked REPEATED are played anew in each run."""


class Part(IntEnum):
    """The number of the SPU that plays the part."""

    RISER = 0
    FALLER_ONE = 1
    FALLER_TWO = 2
    FALLER_THREE = 3
    CAMPAIGN_LIFTED = 4
    PRICE_WAR = 5
    COUNTERFEIT = 6
    PHONE = 7
    PHONE_CASE = 8
    SCREEN_PROTECTOR = 9
    TEA_SET = 10
    GREEN_TEA = 11
    FORMULA_ONE = 12
    FORMULA_TWO = 13
    TWIN_CREAM = 14
    TWIN_CREAM_AGAIN = 15
    TWIN_HEADPHONES = 16
    TWIN_HEADPHONES_AGAIN = 17
    SCARF_AS_HAT = 18
    CHARGER_AS_POWER_BANK = 19
    NO_SKU = 20
    WHITE_SPACE = 21
    WATCH_FIRST = 22
    WATCH_SECOND = 23
    WATCH_THIRD = 24
    SUMMER = 25
    FESTIVAL = 26
    WINTER = 27
    HOT_WEATHER = 28
    TWO_PATTERNS = 29
    MIXED_MATERIALS = 30
    OUT_OF_STOCK = 31
    PROMOTED_NUTS = 32
    PROMOTED_MOUSE = 33
    NAPPIES = 34
    WIPES = 35
    GRILL = 36
    REPLENISHED = 37
    NEWCOMER = 38


LEAVES = {
    Part.RISER: "earbuds",
    Part.FALLER_ONE: "kettle",
    Part.FALLER_TWO: "keyboard",
    Part.FALLER_THREE: "lip-gloss",
    Part.CAMPAIGN_LIFTED: "air-fryer",
    Part.PRICE_WAR: "rice-cooker",
    Part.COUNTERFEIT: "serum",
    Part.PHONE: "smartphone",
    Part.PHONE_CASE: "phone-case",
    Part.SCREEN_PROTECTOR: "screen-protector",
    Part.TEA_SET: "tea-set",
    Part.GREEN_TEA: "green-tea",
    Part.FORMULA_ONE: "infant-formula",
    Part.FORMULA_TWO: "infant-formula",
    Part.TWIN_CREAM: "face-cream",
    Part.TWIN_CREAM_AGAIN: "face-cream",
    Part.TWIN_HEADPHONES: "headphones",
    Part.TWIN_HEADPHONES_AGAIN: "headphones",
    Part.SCARF_AS_HAT: "sun-hat",
    Part.CHARGER_AS_POWER_BANK: "power-bank",
    Part.NO_SKU: "casserole",
    Part.WHITE_SPACE: "tea-set",
    Part.WATCH_FIRST: "smartwatch",
    Part.WATCH_SECOND: "smartwatch",
    Part.WATCH_THIRD: "smartwatch",
    Part.SUMMER: "sunscreen",
    Part.FESTIVAL: "mooncake",
    Part.WINTER: "womens-down-jacket",
    Part.HOT_WEATHER: "fan",
    Part.TWO_PATTERNS: "dress",
    Part.MIXED_MATERIALS: "phone-case",
    Part.OUT_OF_STOCK: "perfume",
    Part.PROMOTED_NUTS: "nuts",
    Part.PROMOTED_MOUSE: "mouse",
    Part.NAPPIES: "diapers",
    Part.WIPES: "baby-wipes",
    Part.GRILL: "portable-grill",
    Part.REPLENISHED: "coffee-beans",
    Part.NEWCOMER: "herbal-tea",
}

FALLERS = (Part.FALLER_ONE, Part.FALLER_TWO, Part.FALLER_THREE)
TWINS = {Part.TWIN_CREAM_AGAIN: Part.TWIN_CREAM, Part.TWIN_HEADPHONES_AGAIN: Part.TWIN_HEADPHONES}
"""Missed merges: the second SPU repeats the brand, category and key attributes of the first. REPEATED."""
WATCHES = (Part.WATCH_FIRST, Part.WATCH_SECOND, Part.WATCH_THIRD)
TITLED_AS = {Part.SCARF_AS_HAT: "scarf", Part.CHARGER_AS_POWER_BANK: "charger"}
"""Mis-categorised: the title says one category, the SPU sits in another. REPEATED."""
COMPLEMENTS = {
    Part.PHONE: Part.PHONE_CASE,
    Part.PHONE_CASE: Part.SCREEN_PROTECTOR,
    Part.TEA_SET: Part.GREEN_TEA,
    Part.NAPPIES: Part.WIPES,
}
SUBSTITUTES = {Part.FORMULA_ONE: Part.FORMULA_TWO}
PROMOTED_TOGETHER = (Part.PROMOTED_NUTS, Part.PROMOTED_MOUSE)
PANEL = (
    Part.RISER,
    *FALLERS,
    Part.CAMPAIGN_LIFTED,
    Part.SUMMER,
    Part.FESTIVAL,
    Part.WINTER,
    Part.HOT_WEATHER,
)
"""The SPUs whose whole year of weekly sales is always recorded."""
BEST_KNOWN = (
    Part.PHONE,
    Part.TEA_SET,
    Part.NAPPIES,
    Part.FORMULA_ONE,
    Part.FORMULA_TWO,
    Part.PHONE_CASE,
    Part.SUMMER,
)
DRIFTED_INFLUENCER = 0
DRIFTED_VIDEOS = 16
SELF_BROADCASTERS = (1, 5)
"""Influencers that are merchants too."""
WHITE_SPACE_NEED = "camping-tea"
