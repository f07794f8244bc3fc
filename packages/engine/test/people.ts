/** A view for the tests of views: people, with an index of every kind, and what each index must answer. */
import { compareBytes } from '@varve/format/bytes'
import { encodeTuple, type Tuple } from '@varve/format/tuple'
import { type Database, json, tuple, type View } from '../index.ts'

export interface Person {
  name: string
  age: number
  city?: string
  email?: string
  tags: string[]
}

export type PersonKey = [country: string, number: number]

export const codecs = { key: tuple<PersonKey>(), value: json<Person>() }

export const indexes = {
  byAge: { on: 'age', covering: ['name'] },
  byCity: { on: ['city', 'age'] },
  byEmail: { on: 'email', unique: true, covering: ['age'] },
  byTag: { on: 'tags', multiEntry: true },
  byInitial: { on: (person: Person) => person.name[0]?.toUpperCase(), kind: 'hash' },
} as const

export type People = View<PersonKey, Person, unknown, typeof indexes>

export function openPeople(db: Database) {
  return db.view('people', { ...codecs, indexes })
}

export function person(name: string, age: number, more: Partial<Person> = {}): Person {
  return { name, age, tags: [], ...more }
}

/** Rows as a model holds them: by the text of their key. */
export type Model = Map<string, { key: PersonKey; person: Person }>

/** The keys of an index under which a person stands. */
const keysIn: Record<keyof typeof indexes, (person: Person) => Tuple[]> = {
  byAge: ({ age }) => [[age]],
  byCity: ({ city, age }) => (city === undefined ? [] : [[city, age]]),
  byEmail: ({ email }) => (email === undefined ? [] : [[email]]),
  byTag: ({ tags }) => [...new Set(tags)].map(tag => [tag]),
  byInitial: ({ name }) => (name === '' ? [] : [[name[0].toUpperCase()]]),
}

/** The keys of the rows that an index has in a range, in its order, as a model has them. */
export function expectedKeys(
  model: Model,
  index: keyof typeof indexes,
  isIn: (indexKey: Tuple) => boolean,
): PersonKey[] {
  const found: { key: PersonKey; sort: Uint8Array }[] = []
  for (const { key, person } of model.values()) {
    for (const indexKey of keysIn[index](person)) {
      // The order within a hash is that of the rows.
      const order: Tuple = index === 'byInitial' ? key : [indexKey, key]
      if (isIn(indexKey)) found.push({ key, sort: encodeTuple(order) })
    }
  }
  return found.toSorted((a, b) => compare(a.sort, b.sort)).map(({ key }) => key)
}

export function compare(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length)
}

/** Tuples by their order. */
export function compareTuples(a: Tuple, b: Tuple): number {
  return compare(encodeTuple(a), encodeTuple(b))
}
