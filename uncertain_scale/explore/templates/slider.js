export function render({ model }) {
  const bar = document.createElement('input')
  bar.type = 'range'
  bar.className = 'bar'
  bar.min = 0
  bar.step = 1
  const shown = () => {
    bar.max = model.steps
    if (Number(bar.value) !== model.position) bar.value = model.position
    bar.setAttribute('aria-label', model.label)
    bar.setAttribute('aria-valuetext', model.words)
  }
  bar.addEventListener('input', () => { model.position = Number(bar.value) })
  bar.addEventListener('change', () => { model.released += 1 })
  model.on(['label', 'steps', 'words', 'position'], shown)
  shown()
  bar.value = model.position
  return bar
}
