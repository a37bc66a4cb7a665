// The keyboard side of a list of choices under a search field (WAI-ARIA combobox pattern); used by palette and ref fields.
let made = 0

export const options = (list) => [...list.querySelectorAll('[role=option]')]
export const current = (list) => list.querySelector('[aria-selected=true]')

export function select(input, list, option) {
  options(list).forEach((other) => other.setAttribute('aria-selected', String(other === option)))
  if (!option) return input.removeAttribute('aria-activedescendant')
  option.id ||= `crm-option-${++made}`
  input.setAttribute('aria-activedescendant', option.id)
  option.scrollIntoView({ block: 'nearest' })
}

export const selectFirst = (input, list) => select(input, list, options(list)[0] ?? null)

/** Moves the choice for an arrow key; true when the key was one. */
export function move(event, input, list) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!step) return false
  event.preventDefault()
  const all = options(list)
  const at = all.indexOf(current(list))
  const next = at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length
  select(input, list, all[next] ?? null)
  return true
}
