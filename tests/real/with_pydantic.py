# SPDX-License-Identifier: Apache-2.0
"""pydantic at work: models made, checked, refused and written, by its core in Rust."""

from typing import Dict, List, Optional

from pydantic import BaseModel, ValidationError


class Item(BaseModel):
    name: str
    price: float = 1.0
    tags: List[str] = []


class Order(BaseModel):
    items: List[Item]
    notes: Optional[Dict[str, int]] = None


def order(number):
    items = [{"name": "item %d" % number, "tags": ["new"]}]
    return Order.model_validate({"items": items, "notes": {"number": number}})


def refuse(number):
    try:
        Item.model_validate({"name": number})
    except ValidationError as error:
        return str(error)


orders = [order(number) for number in range(100)]
texts = [one.model_dump_json() for one in orders]
errors = [refuse(number) for number in range(20)]
schema = Order.model_json_schema()
