export function render({ model }) {
  const whole = document.createElement('div')
  const box = document.createElement('div')
  box.className = 'box'
  const title = document.createElement('h3')
  const buttons = document.createElement('div')
  buttons.className = 'buttons'
  const copy = document.createElement('button')
  copy.type = 'button'
  const save = document.createElement('button')
  save.type = 'button'
  save.textContent = 'Save'
  const pre = document.createElement('pre')
  pre.tabIndex = 0
  pre.setAttribute('role', 'region')
  const ready = () => { copy.textContent = 'Copy' }
  const shown = () => {
    whole.hidden = model.text === ''
    title.textContent = model.title
    pre.textContent = model.text
    pre.setAttribute('aria-label', model.title)
    copy.setAttribute('aria-label', 'Copy: ' + model.title)
    save.setAttribute('aria-label', 'Save: ' + model.title)
    save.hidden = model.file === ''
    ready()
  }
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(model.text)
      copy.textContent = 'Copied'
    } catch {
      const range = document.createRange()
      range.selectNodeContents(pre)
      const selection = window.getSelection()
      selection.removeAllRanges()
      selection.addRange(range)
      copy.textContent = 'Selected: press Ctrl+C'
    }
    setTimeout(ready, 2500)
  })
  save.addEventListener('click', () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([model.text], { type: 'application/toml' }))
    link.download = model.file
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  })
  buttons.append(copy, save)
  box.append(title, buttons)
  whole.append(box, pre)
  model.on(['title', 'text', 'file'], shown)
  shown()
  return whole
}
