import type { PlacedNode } from "./layout";

/** The next state in the direction of an arrow key; deviation from the direction costs double. */
export function neighbour(key: string, from: PlacedNode, nodes: readonly PlacedNode[]): PlacedNode | null {
  const direction = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[key];
  if (!direction) return null;
  const [dx = 0, dy = 0] = direction;
  let best: { node: PlacedNode; cost: number } | null = null;
  for (const node of nodes) {
    if (node === from) continue;
    const x = node.x + node.width / 2 - from.x - from.width / 2;
    const y = node.y + node.height / 2 - from.y - from.height / 2;
    const along = x * dx + y * dy;
    const away = Math.abs(x * dy) + Math.abs(y * dx);
    if (along < 12) continue;
    const cost = along + away * 2;
    if (!best || cost < best.cost) best = { node, cost };
  }
  return best?.node ?? null;
}
