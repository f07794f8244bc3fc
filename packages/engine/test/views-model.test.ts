/** Random lives of a view with indexes of every kind beside a Map. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Tuple } from '@varve/format/tuple'
import { Random } from '@varve/testkit'
import { randomSet } from '@varve/testkit/metamorphic'
import { type Database, isVarveError, type OpenOptions } from '../index.ts'
import {
  codecs,
  compareTuples,
  expectedKeys,
  indexes,
  type Model,
  openPeople,
  type People,
  type Person,
  type PersonKey,
  person,
} from './people.ts'
import { freshPath, openFor } from './support.ts'

const text = (value: unknown) => JSON.stringify(value)

function randomKey(random: Random): PersonKey {
  return [random.pick(['a', 'b', '']), random.below(20)]
}

function randomPerson(random: Random): Person {
  const tags = Array.from({ length: random.below(4) }, () => random.pick(['x', 'y', 'z\0', '']))
  return person(random.pick(['', 'Ada', 'ann', 'Bo']), random.pick([-1, 0, 0.5, 2, 1e300]), {
    tags,
    city: random.pick([undefined, 'Lima', 'Lagos', 'L']),
    email: random.chance(0.4) ? `${random.below(30)}` : undefined,
  })
}

class Life {
  private readonly random: Random
  private readonly model: Model = new Map()
  private people!: People
  private readonly options: OpenOptions
  private readonly rounds: number

  constructor(seed: number, options: OpenOptions, rounds: number) {
    this.random = new Random(seed)
    this.options = options
    this.rounds = rounds
  }

  async run(t: TestContext, seed: number): Promise<void> {
    const path = freshPath(t)
    let db = await openFor(t, path, this.options)
    await this.openView(db)
    for (let round = 0; round < this.rounds; round++) {
      await this.writeSome()
      await this.compareAll(`seed ${seed}, round ${round}`)
      const { random } = this
      if (random.chance(0.2)) await db.flush()
      if (random.chance(0.1)) await db.compact({ columnFamily: 'people.index.byAge' })
      if (random.chance(0.1)) await this.people.rebuildIndex(random.pick(['byAge', 'byEmail', 'byInitial']))
      if (random.chance(0.1)) await this.writeWithoutIndexes(db)
      if (random.chance(0.2)) {
        await db.close()
        db = await openFor(t, path, this.options)
        await this.openView(db)
      }
    }
    assert.equal((await this.people.verify()).problemCount, 0)
    await db.close()
  }

  private async openView(db: Database): Promise<void> {
    this.people = (await openPeople(db)) as People
    await this.people.ready()
  }

  private async writeWithoutIndexes(db: Database): Promise<void> {
    await this.people.close()
    const plain = await db.view('people', codecs)
    const [first] = this.model.values()
    if (first !== undefined) {
      await plain.delete(first.key)
      this.model.delete(text(first.key))
    }
    await plain.close()
    await this.openView(db)
  }

  /** Writes that are made at once take effect in the order of their calls. */
  private async writeSome(): Promise<void> {
    const { random } = this
    const writes: Promise<void>[] = []
    for (let i = random.below(30); i >= 0; i--) {
      const changes = Array.from({ length: random.chance(0.2) ? 3 : 1 }, () => ({
        key: randomKey(random),
        person: random.chance(0.25) ? undefined : randomPerson(random),
      }))
      writes.push(this.write(changes))
      if (random.chance(0.2)) await Promise.all(writes)
    }
    await Promise.all(writes)
  }

  private async write(changes: { key: PersonKey; person: Person | undefined }[]): Promise<void> {
    const conflicts = this.applyToModel(changes)
    const operations = changes.map(({ key, person }) =>
      person === undefined
        ? ({ type: 'delete', key } as const)
        : ({ type: 'put', key, value: person } as const),
    )
    try {
      await this.people.write(operations)
      assert.equal(conflicts, false, 'two rows have one email')
    } catch (error) {
      assert.ok(isVarveError(error, 'CONFLICT') && conflicts, String(error))
    }
  }

  /** True, and nothing changed, when a unique index has to refuse it. */
  private applyToModel(changes: readonly { key: PersonKey; person: Person | undefined }[]): boolean {
    const before = new Map(this.model)
    for (const { key, person } of changes) {
      this.model.delete(text(key))
      if (person === undefined) continue
      const { email } = person
      if (email !== undefined && [...this.model.values()].some(other => other.person.email === email)) {
        this.model.clear()
        for (const [name, row] of before) this.model.set(name, row)
        return true
      }
      this.model.set(text(key), { key, person })
    }
    return false
  }

  private async compareAll(what: string): Promise<void> {
    const { model, people, random } = this
    const ages = [random.pick([-1, 0, 0.5, 2]), random.pick([-0.5, 0, 0.5, 1e300])] as const
    const at = (key: Tuple, place = 0) => key[place] as number
    const limit = random.chance(0.3) ? random.below(5) : undefined
    const reverse = random.chance(0.5)
    const cut = (keys: PersonKey[]) => (reverse ? keys.toReversed() : keys).slice(0, limit)
    const order = { limit, reverse }
    const cases: [string, () => AsyncIterable<PersonKey> & Iterable<PersonKey>, PersonKey[]][] = [
      [
        'all ages',
        () => people.query('byAge', { ...order, keysOnly: true }),
        expectedKeys(model, 'byAge', () => true),
      ],
      [
        'ages from to',
        () => people.query('byAge', { ...order, gte: ages[0], lt: ages[1], keysOnly: true }),
        expectedKeys(model, 'byAge', key => at(key) >= ages[0] && at(key) < ages[1]),
      ],
      [
        'ages between',
        () => people.query('byAge', { ...order, gt: ages[0], lte: ages[1], keysOnly: true }),
        expectedKeys(model, 'byAge', key => at(key) > ages[0] && at(key) <= ages[1]),
      ],
      [
        'one city',
        () => people.query('byCity', { ...order, prefix: ['L'], keysOnly: true }),
        expectedKeys(model, 'byCity', key => key[0] === 'L'),
      ],
      [
        'cities from to',
        () =>
          people.query('byCity', {
            ...order,
            gt: ['Lagos', ages[0]],
            lte: ['Lima', ages[1]],
            keysOnly: true,
          }),
        expectedKeys(
          model,
          'byCity',
          key => compareTuples(key, ['Lagos', ages[0]]) > 0 && compareTuples(key, ['Lima', ages[1]]) <= 0,
        ),
      ],
      [
        'emails',
        () => people.query('byEmail', { ...order, gte: '1', lt: '2', keysOnly: true }),
        expectedKeys(model, 'byEmail', ([email]) => (email as string) >= '1' && (email as string) < '2'),
      ],
      [
        'a tag',
        () => people.query('byTag', { ...order, eq: 'z\0', keysOnly: true }),
        expectedKeys(model, 'byTag', ([tag]) => tag === 'z\0'),
      ],
      [
        'an initial',
        () => people.query('byInitial', { ...order, eq: 'A', keysOnly: true }),
        expectedKeys(model, 'byInitial', ([initial]) => initial === 'A'),
      ],
    ]
    for (const [name, query, expected] of cases) {
      assert.deepEqual(await Array.fromAsync(query()), cut(expected), `${what}: ${name}`)
      assert.deepEqual([...query()], cut(expected), `${what}: ${name}, blocking`)
    }
    const rows = await people.query('byAge', { covering: true }).toArray()
    for (const [key, covered] of rows) {
      assert.deepEqual(covered, { name: model.get(text(key))?.person.name }, what)
    }
    assert.equal((await people.entries().toArray()).length, model.size, what)
  }
}

for (let seed = 1; seed <= 12; seed++) {
  test(`a random life of a view answers as a Map would: seed ${seed}`, t =>
    new Life(seed, { writeBufferSize: 65_536 }, 30).run(t, seed))
}

test('a random life of a view answers as a Map would under any options', async t => {
  const random = new Random(1)
  for (let life = 0; life < 16; life++) {
    const { name, options } = randomSet(random.below(1_000_000))
    await new Life(life, options, 10).run(t, life).catch(error => {
      throw new Error(`under the options ${name}: ${error}`, { cause: error })
    })
  }
})

test('the indexes of the tests are of every kind', () => {
  const kinds = Object.values(indexes).map(index => Object.keys(index).toSorted().join())
  assert.equal(new Set(kinds).size, kinds.length)
})
