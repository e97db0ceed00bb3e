'use strict'
const at = (id) => document.getElementById(id)
const data = JSON.parse(at('data').textContent)
const STEPS = 20 // places of a slider from one point to the next
const SUFFIX = { k: 1e3, M: 1e6, B: 1e9, T: 1e12 }
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const NUMBER = /(-?\d[\d,]*(?:\.\d+)?)(?:×10([⁻⁰¹²³⁴-⁹]+))?([kMBT]?)(?![\w-])/
const sizes = data.axes.map(({ values }) => values.length)
const strides = sizes.map((_, n) => sizes.slice(n + 1).reduce((all, one) => all * one, 1))
const inputs = data.axes.map((_, n) => [at(`typed-${n}`), at(`bar-${n}`)])
const stops = data.axes.map(({ values }) => [...values.slice(1).flatMap((high, n) =>
  Array.from({ length: STEPS }, (_, k) => between(values[n], high, k / STEPS))), values.at(-1)])
let scenario = 0
let moved = 0 // the axis that the chart is drawn along

function between(low, high, part) {
  return low > 0 ? low * (high / low) ** part : low + (high - low) * part
}

/** A text's number, without k, M, B or T, and what stands behind it: [12.3, 'M USD', '12.3', powers?]. */
function read(text) {
  const shown = NUMBER.exec(text)
  if (!shown) return [NaN, '', '']
  const [word, number, power, suffix] = shown
  const digits = [...(power ?? '⁰')].map((one) => (one === '⁻' ? '-' : RAISED.indexOf(one)))
  return [Number(number.replace(/,/g, '')) * 10 ** Number(digits.join('')), text.replace(word, suffix), number, power]
}

const unitOf = (value, text) => (read(text)[0] ? 10 ** Math.round(Math.log10(Math.abs(value / read(text)[0]))) : 1)

/** Writes a number as the text of a point near it: its scale and decimals, none that `off` blurs. */
function write(value, near, text, off, digits = 0) {
  const [written, , number, power] = read(text)
  if (Number.isNaN(written) || !Number.isFinite(value)) return text
  const unit = unitOf(near, text)
  const exponent = power ? Math.floor(Math.log10(Math.abs(value / unit))) : 0
  const size = unit * 10 ** exponent
  let places = number.split('.')[1]?.length ?? 0
  const most = Math.max(3, number.replace(/\D/g, '').length) - 1 - Math.floor(Math.log10(Math.abs(value / size)))
  places = Math.min(places, Math.max(most, 0))
  if (digits) places = Math.max(places, digits - 1 - Math.floor(Math.log10(Math.abs(value / size))))
  while (places && off * Math.abs(value) > 10 ** -places * size) places -= 1
  const form = { minimumFractionDigits: digits ? 0 : places, maximumFractionDigits: places, useGrouping: !/^\d{4}(\.|$)/.test(number) }
  const raised = exponent ? `×10${[...String(exponent)].map((one) => RAISED[one] ?? '⁻').join('')}` : ''
  return text.replace(NUMBER, (_, __, ___, suffix) => (value / size).toLocaleString('en-US', form) + raised + suffix)
}

const month = (year) => `${Math.floor(year)}-${String(Math.floor((year % 1) * 12) + 1).padStart(2, '0')}`

/** A value of a range in words: the text of its point, or as that of the last point below it. */
function worded({ values, texts, date }, value) {
  const near = values.findLastIndex((one) => one <= value)
  return values[near] === value ? texts[near] : date ? month(value) : write(value, values[near], texts[near], 0, 4)
}

/** What is typed as a value of a range: 50M, 2e26, 0.35, 1.5 GW, 2027-07; NaN where it is none. */
function typed({ values, texts, units, date }, text) {
  const made = texts.indexOf(text)
  if (made >= 0) return values[made]
  const day = date && /^(\d{4})-(\d\d)(?:-(\d\d))?$/.exec(text)
  if (day) return Number(day[1]) + (Number(day[2]) - 1) / 12 + (Number(day[3] ?? 1) - 1) / 365
  if (/^-?[\d.]+(e[-+]?\d+)?$/i.test(text)) return Number(text)
  const [number, behind] = read(text)
  if (!text.startsWith(read(text)[2])) return NaN
  const like = texts.findIndex((one) => read(one)[1] === behind)
  if (like >= 0) return number * unitOf(values[like], texts[like])
  const [, suffix, words] = /^([kMBT](?![A-Za-z]))?\s*(.*)$/.exec(behind)
  return ['', units].includes(words) ? number * (SUFFIX[suffix] ?? 1) : NaN
}

/** The points about a place with their weights, the heaviest first; one alone where it is a point. */
function corners(place) {
  return place.reduce((found, x, n) => {
    const { values } = data.axes[n]
    const cell = Math.min(values.findLastIndex((one) => one <= x), values.length - 2)
    const of = (one) => (values[0] > 0 ? Math.log(one) : one)
    const part = (of(x) - of(values[cell])) / (of(values[cell + 1]) - of(values[cell]))
    return found.flatMap(([index, weight]) =>
      [[index + cell * strides[n], weight * (1 - part)], [index + (cell + 1) * strides[n], weight * part]])
  }, [[0, 1]]).filter(([, weight]) => weight > 1e-12).sort((one, other) => other[1] - one[1])
}

/** A row's figures at points with weights. */
function figures(row, about) {
  const odds = (one) => Math.log(one / (100 - one))
  const of = (one) => (row.log ? Math.log(one) : row.chance ? odds(Math.min(Math.max(one, 1e-4), 99.9999)) : one)
  const values = about.map(([index]) => row.values[scenario][index])
  const sums = values[0].map((_, n) => about.reduce((all, [, weight], k) => all + weight * of(values[k][n]), 0))
  return sums.map((one) => (row.log ? Math.exp(one) : row.chance ? 100 / (1 + Math.exp(-one)) : one))
}

/** A figure in words, as the text of the nearest point. */
function said(row, about, n, value) {
  if (row.date) return month(value)
  if (row.chance) return `${value.toFixed(row.off >= 0.5 ? 0 : row.off >= 0.05 ? 1 : 2)}%`
  return write(value, row.values[scenario][about[0][0]][n], row.texts[scenario][about[0][0]][n], row.off)
}

function cellsOf(row, about) {
  const texts = row.texts[scenario][about[0][0]]
  if (about.length === 1) return texts
  const found = figures(row, about)
  return texts.map((text, n) => (n < found.length ? said(row, about, n, found[n]) : text))
}

/** Draws a row's median and interval along the slider that was moved last, the others as they are. */
function draw(wanted) {
  const chart = at('chart')
  chart.replaceChildren()
  if (!wanted) return
  const add = (kind, attributes, text = '') => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', kind)
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value))
    made.textContent = text
    chart.append(made)
  }
  const row = data.rows[at('drawn').value]
  const axis = data.axes[moved]
  const places = stops[moved].map((x) => corners(wanted.map((one, n) => (n === moved ? x : one))))
  const found = places.map((about) => figures(row, about))
  const along = (x) => (axis.values[0] > 0 ? Math.log(x) : x)
  const up = (y) => (row.log ? Math.log(y) : y)
  const [least, most] = [Math.min(...found.flat()), Math.max(...found.flat())]
  const left = (x) => 90 + (540 * (along(x) - along(axis.values[0]))) / (along(axis.values.at(-1)) - along(axis.values[0]))
  const top = (y) => (most > least ? 215 - (195 * (up(y) - up(least))) / (up(most) - up(least)) : 120)
  const path = (n) => found.map((one, k) => `${left(stops[moved][k]).toFixed(1)} ${top(one[n]).toFixed(1)}`)
  if (found[0].length > 1) add('path', { class: 'band', d: `M${[...path(1), ...path(2).reverse()].join('L')}Z` })
  add('path', { class: 'line', d: `M${path(0).join('L')}` })
  add('path', { class: 'here', d: `M${left(wanted[moved])} 20V215` })
  const end = (value, y) => {
    const k = found.findIndex((one) => one.includes(value))
    const text = said(row, places[k], found[k].indexOf(value), value)
    add('text', { x: 84, y, 'text-anchor': 'end' }, `${text} ${row.texts[scenario][places[k][0][0]][3]}`.trim())
    return text
  }
  const [low, high] = [end(least, 218), end(most, 24)]
  add('text', { x: 90, y: 236 }, axis.texts[0])
  add('text', { x: 630, y: 236, 'text-anchor': 'end' }, axis.texts.at(-1))
  add('text', { x: 360, y: 236, 'text-anchor': 'middle' }, axis.title)
  chart.setAttribute('aria-label', `${row.title} along ${axis.title}, from ${axis.texts[0]} to ${axis.texts.at(-1)}: between ${low} and ${high}`)
}

/** Answers where all values lie within the ranges; says what does not, and then gives no figure. */
function show() {
  const wanted = inputs.map(([text], n) => typed(data.axes[n], text.value.trim()))
  const faults = data.axes.flatMap(({ name, units, texts, values }, n) => {
    const text = inputs[n][0].value.slice(0, 40)
    const within = wanted[n] >= values[0] && wanted[n] <= values.at(-1)
    inputs[n][0].setAttribute('aria-invalid', String(!within))
    const made = `this page was made for ${texts[0]} to ${texts.at(-1)}`
    if (Number.isNaN(wanted[n])) return [`${name}: “${text}” is not a number${units && ` of ${units}`}; ${made}.`]
    return within ? [] : [`${name} = ${text} is not known here: ${made}, and gives no figure beyond.`]
  })
  at('outside').hidden = !faults.length
  at('outside').textContent = faults.join(' ')
  const about = faults.length ? [] : corners(wanted)
  at('headline').textContent = faults.length ? 'Outside of what this page knows' : inputs.map(([text], n) => `${data.axes[n].title} = ${text.value}`).join(', ')
  at('place').textContent = faults.length ? 'No figures.' : about.length === 1
    ? 'At a point made in advance: the figures are those that the command prints.'
    : 'Between points made in advance: interpolated; the last column tells how far that is off at most.'
  data.rows.forEach((row, n) => {
    const [median, low, high, units] = faults.length ? ['–', '–', '–', ''] : cellsOf(row, about)
    const { cells } = at('answers').tBodies[0].rows[n]
    cells[1].textContent = median
    cells[2].textContent = row.chance ? '' : low === high ? low : `${low} to ${high}`
    cells[3].textContent = units
  })
  draw(faults.length ? null : wanted)
  at('again').textContent = faults.length ? '' : data.axes.reduce((line, { typed: words }, n) =>
    line.replace(`AXIS${n}`, words[Math.floor(about[0][0] / strides[n]) % sizes[n]]), data.scenarios[scenario].command)
  if (!faults.length) inputs.forEach(([text, bar], n) => {
    const gaps = stops[n].map((one) => Math.abs(one - wanted[n]))
    bar.value = gaps.indexOf(Math.min(...gaps))
    bar.setAttribute('aria-valuetext', text.value)
  })
  at('scenario').textContent = data.scenarios[scenario].name
  at('title').textContent = data.scenarios[scenario].title && `: ${data.scenarios[scenario].title}`
  document.querySelectorAll('[data-scenario]').forEach((one) => { one.hidden = Number(one.dataset.scenario) !== scenario })
}

inputs.forEach(([text, bar], n) => {
  bar.max = stops[n].length - 1
  text.addEventListener('change', () => { moved = n; show() })
  bar.addEventListener('input', () => {
    moved = n
    text.value = worded(data.axes[n], stops[n][bar.value])
    show()
  })
  text.value = data.axes[n].texts[Math.floor(data.at / strides[n]) % sizes[n]]
})
at('choices').addEventListener('submit', (event) => event.preventDefault())
at('drawn').addEventListener('change', show)
at('which')?.addEventListener('change', ({ target }) => { scenario = Number(target.value); show() })
const months = Math.floor((Date.now() - Date.parse(data.made)) / (30.44 * 864e5))
if (months > 0) at('age').textContent = ` (${months} months ago${months > data.stale ? ': make it again before you rest on it' : ''})`
show()
