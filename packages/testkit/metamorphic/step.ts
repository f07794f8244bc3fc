/** A step of a history: a thing to do with a database, the same for every database, and what it answered. */
import type { Planner } from './planner.ts'
import type { Session } from './session.ts'

export interface Step {
  readonly kind: string
  /** The step for people to read, made when somebody does. */
  readonly text: () => string
  /** The answer, as a line that no option may change. */
  readonly run: (session: Session) => Promise<string>
}

/** A kind of step: draws one. `weight` is how often it comes, beside the others. */
export interface Kind {
  readonly name: string
  readonly weight: number
  plan(planner: Planner): Pick<Step, 'text' | 'run'>
}
