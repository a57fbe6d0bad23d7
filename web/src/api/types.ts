// The wire's types under short names. Everything here comes from the server's OpenAPI file.

import type { components, operations, paths } from "./schema";

type Schemas = components["schemas"];
type Answer<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer T } } } };
}
  ? T
  : never;

export type Session = Answer<"/v1/session">;
export type User = Session["user"];
export type Role = User["role"];

export type Live = Answer<"/v1/live">;
export type LiveQueue = Live["queues"][number];
export type LiveAgent = Live["agents"][number];
export type LiveServer = Live["servers"][number];

export type Call = Schemas["Call"];
export type CallPage = Answer<"/v1/calls">;
export type Caller = Schemas["Caller"];
/** A third one, and how far it has come with them. */
export type Consult = Schemas["Consult"];
export type Control = Schemas["Control"];
/** What can be done to a call that talks. */
export type ControlAction = operations["calls_control"]["parameters"]["path"]["action"];
export type Deed = Schemas["Deed"];
export type Recording = Schemas["Recording"];
export type Watch = Schemas["Watch"];
export type WatchMode = Schemas["WatchMode"];
export type AgentState = Schemas["AgentState"];
export type AgentStatus = Schemas["AgentStatus"];

/** Who sits where now. */
export type PhoneTaken = Schemas["PhoneTaken"];

export type Event = Schemas["Event"];
export type EventType = Event["type"];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** What was decided when a phone was rung, and against whom. */
export type Choice = Schemas["Choice"];
export type OfferResult = Schemas["OfferResult"];

export type Extension = Schemas["Extension"];
export type ExtensionFields = Schemas["ExtensionFields"];
/** A phone that was just made, or has a new secret. */
export type MadeExtension = Schemas["MadeExtension"];
export type Trunk = Schemas["Trunk"];
export type TrunkFields = Schemas["TrunkFields"];
/** Which calls go out by a trunk, and how many. */
export type TrunkOutbound = Schemas["TrunkOutbound"];
export type TrunkRule = Schemas["TrunkRule"];
/** What was found when a trunk was looked at. */
export type TrunkChecked = Schemas["TrunkChecked"];
/** What became of a silent call. */
export type TestCall = Schemas["TestCall"];
/** By which trunk a call would go. */
export type WaysExplained = Schemas["WaysExplained"];
/** What one trunk says to it. */
export type WayExplained = Schemas["WayExplained"];
export type Server = Schemas["Server"];
export type ServerFields = Schemas["ServerFields"];
/** How one Asterisk has a phone or a trunk. */
export type Provisioned = Schemas["Provisioned"];
export type Provisioning = Schemas["Provisioning"];
export type Contact = Schemas["Contact"];
export type Codec = Schemas["Codec"];
export type SipTransport = Schemas["SipTransport"];
export type Finding = Schemas["Finding"];

/** What becomes of calls that begin in Asterisk, with what the context is called there. */
export type DialplanContext = Schemas["SeenContext"];
export type ContextFields = Schemas["ContextFields"];
export type DialplanRule = Schemas["DialplanRule"];
export type DialplanAction = Schemas["DialplanAction"];
export type HangUpCause = Schemas["HangUpCause"];
/** A call that is only thought of. */
export type SimulatedCall = Schemas["Question"];
/** What would become of it, and why. */
export type Simulation = Schemas["Simulation"];
export type SimulatedEnd = Schemas["SimulatedEnd"];
/** A trunk, and the number as it gets it. */
export type SimulatedTrunk = Schemas["SimulatedTrunk"];
export type SimulatedStep = Schemas["SimulatedStep"];
export type SimulatedRule = Schemas["SimulatedRule"];

/** A number of ours that callers dial. */
export type Did = Schemas["Did"];
/** Where a call to it goes. */
export type DidTarget = Schemas["DidTarget"];
export type DidFields = Schemas["DidFields"];

/** One time that the set-up was made what a centre file says. */
export type CentreChange = Schemas["CentreChange"];
export type CentreChangeView = Schemas["CentreChangeView"];
