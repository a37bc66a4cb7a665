// fieldset[data-repeat]: the last line is empty; when it is filled in, another empty one appears below it.
import { on } from './dom.js'

const NUMBER = /\.(\d+)\./

function renumber(line, number) {
  for (const element of [line, ...line.querySelectorAll('*')]) {
    for (const { name, value } of [...element.attributes]) {
      if (name === 'value') continue
      if (NUMBER.test(value)) element.setAttribute(name, value.replace(NUMBER, `.${number}.`))
    }
    if (element.type === 'radio') element.value = String(number)
  }
}

function emptied(line) {
  line.querySelectorAll('input, textarea').forEach((control) => {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = false
    else control.value = ''
    control.removeAttribute('aria-invalid')
  })
  line.querySelectorAll('.field-error').forEach((note) => note.remove())
  return line
}

on('input', '[data-repeat]', (event, group) => {
  const lines = group.querySelectorAll('[data-repeat-line]')
  const last = lines[lines.length - 1]
  if (!last.contains(event.target) || !event.target.value || lines.length >= 50) return
  const next = emptied(last.cloneNode(true))
  renumber(next, lines.length)
  group.append(next)
})
