"""What the Parquet files in data/ are to Feast: `feast apply` in this folder registers it."""

from __future__ import annotations

from datetime import timedelta

from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64, String

FOREVER = timedelta(0)


def _source(name: str) -> FileSource:
    return FileSource(
        name=name,
        path=f"data/{name}.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
    )


def _activity(entity: Entity, name: str, others: str) -> FeatureView:
    counts = ("purchases", "views", "carts", "returns", others, "ratings")
    fields = [Field(name=one, dtype=Int64) for one in counts]
    fields.append(Field(name="mean_rating", dtype=Float64))
    return FeatureView(name=name, entities=[entity], ttl=FOREVER, schema=fields, source=_source(name))


buyer = Entity(name="buyer", join_keys=["buyer"], value_type=ValueType.STRING)
spu = Entity(name="spu", join_keys=["spu"], value_type=ValueType.STRING)

buyer_activity = _activity(buyer, "buyer_activity", "products")
product_activity = _activity(spu, "product_activity", "buyers")
product_catalogue = FeatureView(
    name="product_catalogue",
    entities=[spu],
    ttl=FOREVER,
    schema=[Field(name=one, dtype=String) for one in ("name", "brand", "category", "series")],
    source=_source("product_catalogue"),
)
