"""One of several installations that sell in turn: `bench.beside` starts it and says when.

It runs from this checkout with the packages of another one, so it uses only what the benches of
both have. Lines come in on standard input, `settle` or `CONNECTIONS SECONDS`; each is answered by
one line.
"""

import json
import sys

from bench.installation import Installation, installation
from bench.processes import processor_seconds
from bench.sale import sell
from bench.stock import Shop, add_sku, open_shop

WARM_UP_SECONDS = 2


def main() -> None:
    """Open a shop, say that it is ready, and do as told until the input ends."""
    with installation() as made:
        shop = open_shop()
        sku = add_sku(made, shop, cards=int(sys.argv[1]))
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "settle":
                made.settle_down()
                print("settled", flush=True)
            else:
                connections, seconds = line.split()
                turn = _turn(made, shop, sku, int(connections), float(seconds))
                print(json.dumps(turn), flush=True)


def _turn(
    made: Installation, shop: Shop, sku: str, connections: int, seconds: float
) -> dict[str, float]:
    # Uncounted: the first change of each page since it was written out is dearer.
    sell(made, shop, [sku], connections, min(WARM_UP_SECONDS, seconds))
    before = _used(made)
    sold = sell(made, shop, [sku], connections, seconds)
    times = sorted(sold.place_ms + sold.notice_ms)
    return {
        "per_second": sold.orders / sold.seconds,
        "errors": sold.errors,
        "p99_ms": times[len(times) * 99 // 100],
        "cpu_ms": 1000 * (_used(made) - before) / max(sold.orders, 1),
    }


def _used(made: Installation) -> float:
    """Seconds of the processor that the web server and the database have used."""
    return processor_seconds(made.processes[0].pid) + processor_seconds(made.cluster.server_pid)


if __name__ == "__main__":
    main()
