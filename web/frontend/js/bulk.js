// Selecting rows: ranges with Shift, a count, and «all by filter». The bar itself appears by CSS.
import { on, text } from './dom.js'

const bar = () => document.querySelector('[data-bulk]')
const boxes = () => [...document.querySelectorAll('[data-pick]')]
let anchor = null

function everything(yes) {
  const form = bar()
  const button = form?.querySelector('[data-bulk-everything]')
  form.querySelector('[data-bulk-all]').value = yes ? '1' : ''
  if (!button) return
  button.dataset.label ??= button.textContent
  button.setAttribute('aria-pressed', String(yes))
  button.textContent = yes ? text('everything').replace('{total}', button.dataset.total) : button.dataset.label
}

function refresh() {
  const form = bar()
  if (!form) return
  const all = boxes()
  const picked = all.filter((box) => box.checked)
  form.querySelector('[data-bulk-count]').textContent = picked.length
  const head = document.querySelector('[data-pick-all]')
  if (head) {
    head.checked = all.length > 0 && picked.length === all.length
    head.indeterminate = picked.length > 0 && !head.checked
  }
}

function pickRange(box) {
  const all = boxes()
  const [from, to] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b)
  all.slice(from, to + 1).forEach((other) => { other.checked = box.checked })
}

on('click', '[data-pick]', (event, box) => {
  if (event.shiftKey && anchor?.isConnected) pickRange(box)
  anchor = box
  everything(false)
  refresh()
})

// Shift and a click would select text between the two rows.
on('mousedown', '.pick', (event) => { if (event.shiftKey) event.preventDefault() })

on('change', '[data-pick-all]', (_event, head) => {
  boxes().forEach((box) => { box.checked = head.checked })
  everything(false)
  refresh()
})

on('click', '[data-bulk-everything]', (_event, button) => {
  const yes = button.getAttribute('aria-pressed') !== 'true'
  boxes().forEach((box) => { box.checked = box.checked || yes })
  everything(yes)
  refresh()
})

/** Clears the selection and says whether there was one. */
export function clearSelection() {
  const picked = boxes().filter((box) => box.checked)
  picked.forEach((box) => { box.checked = false })
  if (picked.length) {
    everything(false)
    refresh()
  }
  return picked.length > 0
}

on('click', '[data-bulk-clear]', clearSelection)
document.addEventListener('htmx:after:swap', refresh)
