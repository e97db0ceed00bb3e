export function render({ model }) {
  const bar = document.createElement('div')
  bar.className = 'buttons'
  let count = 0
  const open = (text) => { model.opened = [count += 1, text] }
  const add = (words, act) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = words
    button.addEventListener('click', act)
    bar.append(button)
    return button
  }
  const undo = add('Undo', () => { model.undone += 1 })
  const link = add('Copy link', async () => {
    if (!model.address) return
    try { await navigator.clipboard.writeText(location.href); link.textContent = 'Copied' } catch { link.textContent = 'Copy it from the address bar' }
    setTimeout(() => { link.textContent = 'Copy link' }, 2500)
  })
  const save = add('Save session', () => {
    const file = document.createElement('a')
    file.href = URL.createObjectURL(new Blob([model.text], { type: 'application/toml' }))
    file.download = model.file
    file.click()
    setTimeout(() => URL.revokeObjectURL(file.href), 1000)
  })
  const chosen = document.createElement('input')
  chosen.type = 'file'
  chosen.accept = '.toml'
  chosen.setAttribute('aria-label', 'Open a session')
  chosen.hidden = true
  chosen.addEventListener('change', async () => {
    const [file] = chosen.files
    if (!file) return
    open(file.size > model.most ? 'large' : `file\n${await file.text()}`)
    chosen.value = ''
  })
  add('Open session', () => chosen.click())
  bar.append(chosen)
  const read = (hash) => { if (hash.length > 1) open(hash.slice(0, 100000)) }
  const shown = () => {
    undo.disabled = !model.can_undo
    save.disabled = !model.text
    link.disabled = !model.address
    link.title = model.address ? '' : 'Too long for an address: save the session as a file'
    if (model.text) history.replaceState(null, '', model.address ? `#${model.address}` : location.pathname)
  }
  model.on(['address', 'text', 'can_undo'], shown)
  window.addEventListener('hashchange', (event) => read(new URL(event.newURL).hash))
  if (location.hash.length > 1) read(location.hash)
  else shown()
  return bar
}
