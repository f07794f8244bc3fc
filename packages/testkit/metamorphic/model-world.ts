/** The world of the model: its contents outlive everything. */
import { ModelContents, ModelStore } from './model-store.ts'
import type { Store } from './store.ts'
import type { World } from './world.ts'

export class ModelWorld implements World {
  readonly losesUnloggedAtClose = false
  private readonly contents = new ModelContents()
  private store: ModelStore | undefined

  async open(readOnly: boolean): Promise<Store> {
    this.store = new ModelStore(this.contents, readOnly)
    return this.store
  }

  async close(): Promise<void> {
    await this.store?.close()
  }

  kill(): Promise<void> {
    return this.close()
  }

  losePower(): Promise<void> {
    return this.close()
  }

  passTime(seconds: number): void {
    this.contents.now += seconds * 1000
  }

  async settle(): Promise<void> {
    return
  }

  async familiesInOptionsFile(): Promise<string[]> {
    return [...this.contents.families.keys()].sort()
  }

  async verify(): Promise<void> {
    return
  }
}
