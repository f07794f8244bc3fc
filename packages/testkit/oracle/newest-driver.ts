/**
 * A newer RocksDB in a process of its own, driven over its standard streams. `newest.py` and `Newest.java` speak
 * the same lines; words are separated by blanks, bytes are hex (`0x6B`), names are the hex of their UTF-8:
 *
 *     open PATH [setting=value ...] | create FAMILY | put FAMILY KEY VALUE | delete FAMILY KEY
 *     merge FAMILY KEY OPERAND | deleteRange FAMILY START END
 *     batch FAMILY KEY VALUE ... | flush FAMILY | compact FAMILY | list | scan FAMILY | verify | close
 *
 * The answer is any number of `row ...` lines, then `ok` or `error MESSAGE`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Row, SortedModel } from '../model/sorted-model.ts'
import { hex, OracleError } from './tools.ts'

export class NewestDriver {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly lines: AsyncIterator<string>
  private complaint = ''
  private turn: Promise<unknown> = Promise.resolve()

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.complaint += chunk
    })
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  /** Opens a database, does what is to be done and closes it. One at a time: the others wait. */
  async use<T>(
    directory: string,
    settings: readonly string[],
    work: (db: NewestDatabase) => Promise<T>,
  ): Promise<T> {
    const turn = this.turn.then(async () => {
      await this.ask('open', utf8(directory), ...settings)
      try {
        return await work(new NewestDatabase(this))
      } finally {
        await this.ask('close')
      }
    })
    this.turn = turn.catch(error => error)
    return turn
  }

  /** Sends one command and returns its rows. */
  async ask(...words: readonly string[]): Promise<string[]> {
    this.child.stdin.write(`${words.join(' ')}\n`)
    const rows: string[] = []
    for (;;) {
      const { value: line, done } = await this.lines.next()
      if (done === true) throw new OracleError(`the newest RocksDB ended at "${words[0]}": ${this.complaint}`)
      if (line.startsWith('row ')) rows.push(line.slice(4))
      else if (line === 'ok') return rows
      else throw new OracleError(`the newest RocksDB at "${words[0]}": ${line} ${this.complaint}`)
    }
  }

  stop(): void {
    this.child.kill()
  }
}

/** A database that is open in the driver. */
export class NewestDatabase {
  private readonly driver: NewestDriver

  constructor(driver: NewestDriver) {
    this.driver = driver
  }

  async families(): Promise<string[]> {
    const rows = await this.driver.ask('list')
    return rows.map(word => fromHexWord(word).toString())
  }

  async model(family: string): Promise<SortedModel> {
    const rows = await this.driver.ask('scan', utf8(family))
    return SortedModel.of(
      rows.map((row): Row => {
        const [key, value] = row.split(' ')
        return [fromHexWord(key), fromHexWord(value)]
      }),
    )
  }

  async create(family: string): Promise<void> {
    await this.driver.ask('create', utf8(family))
  }

  async put(family: string, key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.driver.ask('put', utf8(family), hex(key), hex(value))
  }

  async delete(family: string, key: Uint8Array): Promise<void> {
    await this.driver.ask('delete', utf8(family), hex(key))
  }

  async merge(family: string, key: Uint8Array, operand: Uint8Array): Promise<void> {
    await this.driver.ask('merge', utf8(family), hex(key), hex(operand))
  }

  async deleteRange(family: string, start: Uint8Array, end: Uint8Array): Promise<void> {
    await this.driver.ask('deleteRange', utf8(family), hex(start), hex(end))
  }

  async batch(family: string, rows: readonly Row[]): Promise<void> {
    await this.driver.ask('batch', utf8(family), ...rows.flatMap(([key, value]) => [hex(key), hex(value)]))
  }

  async flush(family: string): Promise<void> {
    await this.driver.ask('flush', utf8(family))
  }

  async compact(family: string): Promise<void> {
    await this.driver.ask('compact', utf8(family))
  }

  async verify(): Promise<void> {
    await this.driver.ask('verify')
  }
}

function utf8(text: string): string {
  return hex(Buffer.from(text))
}

function fromHexWord(word: string): Buffer {
  return Buffer.from(word.slice(2), 'hex')
}
