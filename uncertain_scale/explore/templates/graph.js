const [WIDTH, HEIGHT, ACROSS, DOWN] = [166, 44, 198, 54]

export function render({ model }) {
  const box = document.createElement('div')
  box.className = 'graph'
  box.tabIndex = 0
  box.setAttribute('role', 'region')
  box.setAttribute('aria-label', 'Graph of the model')
  const make = (tag, attributes, parent, text) => {
    const one = document.createElementNS('http://www.w3.org/2000/svg', tag)
    Object.entries(attributes).forEach(([name, value]) => one.setAttribute(name, value))
    if (text !== undefined) one.textContent = text
    parent.append(one)
    return one
  }
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
  const shown = () => {
    const { nodes = [], arrows = [], of } = model.graph
    const focused = box.getRootNode().activeElement?.dataset?.name
    const places = Object.fromEntries(nodes.map((one) => [one.name, [4 + one.column * ACROSS, 4 + one.row * DOWN]]))
    const [width, height] = [0, 1].map((n) => Math.max(0, ...Object.values(places).map((one) => one[n])) + [WIDTH, HEIGHT][n] + 4)
    const svg = make('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': 'Variables, from inputs to answers' }, document.createElement('div'))
    for (const [from, to, leads] of arrows) {
      const [x, y, u, v] = [places[from][0] + WIDTH, places[from][1] + HEIGHT / 2, places[to][0], places[to][1] + HEIGHT / 2]
      make('path', { d: `M${x} ${y}C${x + 26} ${y} ${u - 26} ${v} ${u} ${v}`, class: leads ? 'arrow leads' : 'arrow' }, svg)
    }
    for (const { name, label, kind, value, share, leads } of nodes) {
      const acts = kind === 'answer' || kind === 'input'
      const does = { answer: 'shows what drives it', input: 'edits it' }[kind]
      const node = make('g', {
        class: `node ${kind}${leads ? ' leads' : ''}${name === of ? ' of' : ''}`, transform: `translate(${places[name]})`, 'data-name': name,
        ...(acts && { role: 'button', tabindex: 0, 'aria-description': `${kind}; a click ${does}` }),
      }, svg)
      make('rect', { width: WIDTH, height: HEIGHT, rx: kind === 'answer' ? 4 : 14 }, node)
      make('text', { x: 10, y: 18, class: 'name' }, node, short(label, share ? 15 : 21))
      make('title', {}, node, `${label}: ${name}`)
      if (share) make('text', { x: WIDTH - 10, y: 18, class: 'share' }, node, share)
      make('text', { x: 10, y: 35 }, node, short(value, 25))
      const pick = () => {
        model.picked = name
        model.picks += 1
        document.getElementById(kind === 'answer' ? 'drivers' : 'input-h').scrollIntoView({ block: 'nearest' })
      }
      if (acts) {
        node.addEventListener('click', pick)
        node.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); pick() } })
      }
    }
    box.replaceChildren(svg)
    if (focused) [...box.querySelectorAll('.node')].find((one) => one.dataset.name === focused)?.focus()
  }
  model.on('graph', shown)
  shown()
  return box
}
