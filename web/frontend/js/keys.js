// Keyboard shortcuts. By event.code, so that they work in the Russian layout; single keys rest while one types.
import { clearSelection } from './bulk.js'
import { chooseKind } from './composer.js'
import { openDialog } from './dialog.js'
import { each, on, remember } from './dom.js'
import { closeMenu } from './menu.js'
import { togglePalette } from './palette.js'
import { moveRow } from './row.js'

const GO_MS = 1500
const sheet = document.getElementById('keys')
let goUntil = 0

const click = (selector) => document.querySelector(selector)?.click()
const typing = (target) => target.closest?.('input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]')
const enabled = () => document.documentElement.dataset.keys !== 'off'

function focusSearch() {
  const search = document.querySelector('[data-search]')
  if (search) search.focus()
  else togglePalette()
}

function quickAdd() {
  const link = document.querySelector('[data-quick-add]')
  if (link) openDialog(link.dataset.quickAdd)
}

function neighbour(step) {
  const link = document.querySelector(step > 0 ? '.neighbours [data-next]' : '.neighbours [data-prev]')
  if (link) return link.click()
  if (!moveRow(step)) click(step > 0 ? '[data-next]' : '[data-prev]')
}

const SINGLE = {
  Slash: focusSearch,
  KeyN: quickAdd,
  KeyE: () => click('[data-edit]'),
  KeyU: () => click('#toasts button[data-undo]'),
  KeyG: () => { goUntil = Date.now() + GO_MS },
  KeyJ: () => neighbour(1),
  KeyK: () => neighbour(-1),
}

function go(code) {
  goUntil = 0
  click(`[data-go="${code.replace('Key', '').toLowerCase()}"]`)
}

function single(event) {
  if (event.code === 'Slash' && event.shiftKey) return sheet?.showModal()
  const digit = /^Digit([1-6])$/.exec(event.code)
  if (digit && !event.shiftKey) return chooseKind(Number(digit[1])) && event.preventDefault()
  if (event.shiftKey || !SINGLE[event.code]) return
  event.preventDefault()
  SINGLE[event.code]()
}

document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === 'KeyK') {
    event.preventDefault()
    return togglePalette()
  }
  if (event.key === 'Escape') return closeTopLayer(event)
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  if (!enabled() || typing(event.target) || document.querySelector('dialog[open]')) return
  if (Date.now() < goUntil && /^Key[A-Z]$/.test(event.code)) return go(event.code)
  single(event)
})

// The browser closes an open dialog itself; below it come menus, then the search field, then the selection.
function closeTopLayer(event) {
  if (document.querySelector('dialog[open]') || event.defaultPrevented) return
  if (closeMenu()) return
  if (typing(event.target)) return event.target.blur()
  clearSelection()
}

on('click', '[data-keys-open]', () => sheet?.showModal())
each('[data-keys-toggle]', (box) => { box.checked = enabled() })
on('change', '[data-keys-toggle]', (_event, box) => {
  document.documentElement.dataset.keys = box.checked ? 'on' : 'off'
  remember('crm_keys', document.documentElement.dataset.keys)
})
