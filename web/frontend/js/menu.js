// <details data-menu> closes like a menu: by a click elsewhere, by Escape, and when the focus leaves it.
import { on } from './dom.js'

const open = () => document.querySelectorAll('details[data-menu][open]')

document.addEventListener('click', ({ target }) => {
  for (const menu of open()) if (!menu.contains(target)) menu.open = false
})

on('focusout', 'details[data-menu][open]', ({ relatedTarget }, menu) => {
  if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false
})

on('click', 'details[data-menu] a.menu-item, details[data-menu] button.menu-item', (_event, item) => {
  item.closest('details').open = false
})

on('keydown', 'details[data-menu][open]', (event, menu) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step) return
  event.preventDefault()
  const items = [...menu.querySelectorAll('.menu-item')]
  const next = items.indexOf(document.activeElement) + step
  items[(next + items.length) % items.length]?.focus()
})

/** Closes the open menu and says whether there was one. */
export function closeMenu() {
  const [menu] = open()
  if (!menu) return false
  menu.open = false
  menu.querySelector('summary').focus()
  return true
}
