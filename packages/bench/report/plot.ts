/**
 * Small line charts as one SVG picture: a grid of panels with a logarithmic axis to the right and a linear one, from
 * zero, upwards. Plain SVG with its own background, so that it reads the same on light and dark pages.
 */
export interface Panel {
  title: string
  series: readonly Series[]
}

export interface Series {
  name: string
  points: readonly (readonly [x: number, y: number])[]
}

const COLUMNS = 3
const PANEL = { width: 300, height: 210 }
const MARGIN = { left: 52, right: 18, top: 34, bottom: 30 }
const LEGEND_HEIGHT = 30
const COLOURS = ['#0b6bcb', '#c2410c', '#15803d', '#7e22ce']
const TICKS = 4

/** `title` is what is read out where the picture cannot be seen. */
export function plot(title: string, panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS)
  const width = COLUMNS * PANEL.width
  const height = LEGEND_HEIGHT + rows * PANEL.height
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  const colours = new Map(names.map((name, at) => [name, COLOURS[at % COLOURS.length]]))
  const drawn = panels.map((panel, at) => {
    const left = (at % COLUMNS) * PANEL.width
    const top = LEGEND_HEIGHT + Math.floor(at / COLUMNS) * PANEL.height
    return `<g transform="translate(${left} ${top})">\n${drawPanel(panel, colours).join('\n')}\n</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...drawLegend(colours),
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function drawLegend(colours: ReadonlyMap<string, string>): string[] {
  return [...colours].flatMap(([name, colour], at) => {
    const left = MARGIN.left + at * 140
    return [
      `<line x1="${left}" y1="16" x2="${left + 24}" y2="16" stroke="${colour}" stroke-width="2"/>`,
      text(left + 30, 20, name, 'start'),
    ]
  })
}

function drawPanel({ title, series }: Panel, colours: ReadonlyMap<string, string>): string[] {
  const points = series.flatMap(one => one.points)
  const xs = [...new Set(points.map(([x]) => x))].toSorted((a, b) => a - b)
  const top = niceCeiling(Math.max(0, ...points.map(([, y]) => y)))
  const right = PANEL.width - MARGIN.right
  const bottom = PANEL.height - MARGIN.bottom
  const [first, last] = [Math.log(xs[0] ?? 1), Math.log(xs[xs.length - 1] ?? 1)]
  const atX = (x: number) => {
    const share = last === first ? 0.5 : (Math.log(x) - first) / (last - first)
    return MARGIN.left + share * (right - MARGIN.left)
  }
  const atY = (y: number) => bottom - (y / top) * (bottom - MARGIN.top)
  const ticks = Array.from({ length: TICKS + 1 }, (_, at) => (top * at) / TICKS)
  return [
    `<text x="${MARGIN.left}" y="20" font-weight="bold" fill="#111827">${escaped(title)}</text>`,
    ...ticks.flatMap(y => [
      `<line x1="${MARGIN.left}" y1="${round(atY(y))}" x2="${right}" y2="${round(atY(y))}" stroke="#e5e7eb"/>`,
      text(MARGIN.left - 6, round(atY(y)) + 4, short(y), 'end'),
    ]),
    ...xs.map(x => text(round(atX(x)), bottom + 18, short(x), 'middle')),
    ...series.flatMap(({ name, points: own }) => drawSeries(own, atX, atY, colours.get(name) ?? COLOURS[0])),
  ]
}

function drawSeries(
  points: Series['points'],
  atX: (x: number) => number,
  atY: (y: number) => number,
  colour: string,
): string[] {
  const places = points.map(([x, y]) => [round(atX(x)), round(atY(y))] as const)
  const path = places.map(([x, y]) => `${x},${y}`).join(' ')
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`),
  ]
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="#374151">${escaped(words)}</text>`
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 2.5, 5, 10].find(step => step * power >= value) ?? 10)
}

/** 1500 as 1.5k. */
export function short(value: number): string {
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit) return `${Number((value / unit).toFixed(2))}${letter}`
  }
  return `${Number(value.toFixed(3))}`
}

function round(place: number): number {
  return Number(place.toFixed(1))
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
