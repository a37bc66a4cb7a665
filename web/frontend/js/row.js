// tr[data-row] opens its main link by a click anywhere in the row; the link stays a real one.
import { on } from './dom.js'

const INTERACTIVE = 'a, button, input, select, textarea, label, summary'
const mainLink = (row) => row.querySelector('a[data-main]')

function follow(event, row) {
  const link = mainLink(row)
  if (!link || event.target.closest(INTERACTIVE) || String(getSelection())) return
  if (event.button === 1 || event.ctrlKey || event.metaKey) open(link.href, '_blank')
  else if (event.button === 0) link.click()
}

on('click', '[data-row]', follow)
on('auxclick', '[data-row]', follow)

/** Moves the focus to the neighbouring row; false when the page has no rows. */
export function moveRow(step) {
  const links = [...document.querySelectorAll('[data-row] a[data-main]')]
  if (!links.length) return false
  const at = links.indexOf(document.activeElement?.closest('[data-row]')?.querySelector('a[data-main]'))
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))
  links[next].focus()
  return true
}
