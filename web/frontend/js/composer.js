// Blocks with data-kinds="call visit" are shown for the chosen kind only; hidden ones are not sent.
import { each, on } from './dom.js'

function show(composer) {
  const chosen = composer.querySelector('input:checked')?.value
  for (const block of composer.closest('form')?.querySelectorAll('[data-kinds]') ?? []) {
    const wanted = block.dataset.kinds.split(' ').includes(chosen)
    block.hidden = !wanted
    block.querySelectorAll('input, select, textarea').forEach((control) => { control.disabled = !wanted })
  }
}

each('[data-composer]', show)
on('change', '[data-composer]', (_event, composer) => show(composer))

/** Chooses the nth kind and goes to the text; false when the page has no composer. */
export function chooseKind(position) {
  const composer = document.querySelector('[data-composer]')
  const radio = composer?.querySelectorAll('input')[position - 1]
  if (!radio) return false
  radio.click()
  composer.closest('form')?.querySelector('textarea')?.focus()
  return true
}
