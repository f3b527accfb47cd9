// The order in which senders are taken: places, each with one sender or with several that share it.

export interface Placed {
  id: number
  priority: number
}

/** The places of one channel, the first to be taken first. */
export function places<One extends Placed>(senders: readonly One[]): One[][] {
  const found: One[][] = []
  for (const one of [...senders].sort((a, b) => a.priority - b.priority || a.id - b.id)) {
    const last = found.at(-1)
    if (last?.[0]?.priority === one.priority) last.push(one)
    else found.push([one])
  }
  return found
}

/** One sender a step up or down: past its neighbours, or out of a place that it shares. */
export function moved<One extends Placed>(senders: readonly One[], id: number, by: -1 | 1): number[][] {
  const order = places(senders).map((place) => place.map((one) => one.id))
  const at = order.findIndex((place) => place.includes(id))
  const place = order[at] ?? []
  if (place.length > 1) {
    const others = place.filter((other) => other !== id)
    order.splice(at, 1, ...(by < 0 ? [[id], others] : [others, [id]]))
  } else {
    order.splice(at, 1)
    order.splice(Math.max(0, at + by), 0, [id])
  }
  return order
}
