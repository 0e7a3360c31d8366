"""Names of fictional brands, merchants and influencers, in Latin and Chinese letters, unique by construction."""

from __future__ import annotations

from dataclasses import dataclass

_HEADS = (
    "Tal塔 Ves维 Mir米 Hol霍 Zel泽 Bram布 Nor诺 Kel凯 Fen芬 Sor索 Dal达 Wyn温 Hax哈 Jor乔 "
    "Pel佩 Yul于 Cob科 Rin林 Gav嘉 Ost奥"
)
_MIDS = "a阿 e伊 i宜 o欧 u悠"
_TAILS = (
    "dwen顿 quil奎 thory多 mbra柏 lisk斯 vento风 ncale卡 rrow若 stane坦 bdel贝 ffry芙 "
    "zeph泽 gnol诺 pward沃 lmoor摩 krin金"
)
_GIVEN = (
    "Wanwan晚晚 Xiaohe小禾 Momo沫沫 Ahui阿晖 Luoluo洛洛 Nianan念安 Beibei北北 Qiqi七七 "
    "Dongdong冬冬 Yeye叶也 Tangtang棠棠 Xingzhi行之"
)
_TRADES = "Trading贸易 Retail零售 Commerce商贸 Select优选 Supply供应链 House商行"
_BYNAMES = "diary日记 notes笔记 lab实验室 kitchen小厨 corner角落 picks好物 review测评 home之家"


def _split(words: str) -> list[tuple[str, str]]:
    pairs = []
    for word in words.split():
        cut = next(place for place, letter in enumerate(word) if ord(letter) > 127)
        pairs.append((word[:cut], word[cut:]))
    return pairs


@dataclass(frozen=True)
class Name:
    """A name in Latin letters and in Chinese ones."""

    en: str
    zh: str


@dataclass(frozen=True)
class Namer:
    """Unique names by index: the three syllables are the digits of a number."""

    offset: int = 0

    def brand(self, index: int) -> Name:
        """
        >>> Namer().brand(0)
        Name(en='Taladwen', zh='塔阿顿')
        """
        heads, mids, tails = _split(_HEADS), _split(_MIDS), _split(_TAILS)
        total = len(heads) * len(mids) * len(tails)
        number = (index * 607 + self.offset) % total
        head, mid, tail = heads[number % 20], mids[number // 20 % 5], tails[number // 100]
        again = f" {index // total + 1}" if index >= total else ""
        return Name(head[0] + mid[0] + tail[0] + again, head[1] + mid[1] + tail[1] + again)

    def merchant(self, index: int) -> Name:
        word = self.brand(index + 811)
        trade = _split(_TRADES)[index % 6]
        return Name(f"{word.en} {trade[0]}", f"{word.zh}{trade[1]}")

    def organization(self, index: int) -> Name:
        word = self.brand(index + 433)
        return Name(f"{word.en} Group", f"{word.zh}集团")

    def influencer(self, index: int) -> Name:
        given, byname = _split(_GIVEN)[index % 12], _split(_BYNAMES)[index // 12 % 8]
        again = f" {index // 96 + 1}" if index >= 96 else ""
        return Name(f"{given[0]} {byname[0]}{again}", f"{given[1]}{byname[1]}{again}")
