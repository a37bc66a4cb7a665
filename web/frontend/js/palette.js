import { on } from './dom.js'
import { openDialog } from './dialog.js'
import { current, move, selectFirst } from './listbox.js'

const palette = document.getElementById('palette')
const input = palette?.querySelector('input')
const list = document.getElementById('palette-list')

export function togglePalette() {
  if (!palette) return
  if (palette.open) return palette.close()
  input.value = ''
  palette.showModal()
  input.focus()
  input.dispatchEvent(new CustomEvent('crm:open'))
}

function follow(item, newTab) {
  palette.close()
  if (newTab) open(item.href, '_blank')
  else if (item.hasAttribute('data-dialog')) openDialog(item.href)
  else item.click()
}

on('click', '[data-palette-open]', (event) => {
  if (!palette || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  togglePalette()
})

input?.addEventListener('keydown', (event) => {
  if (move(event, input, list) || event.key !== 'Enter') return
  event.preventDefault()
  const item = current(list)
  if (item) follow(item, event.ctrlKey || event.metaKey)
})
input?.addEventListener('htmx:after:swap', () => selectFirst(input, list))
on('click', '#palette .palette-item', () => palette.close())
