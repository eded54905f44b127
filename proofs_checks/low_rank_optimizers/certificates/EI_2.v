(* low_rank_optimizers/EI-2: A vote moves a weight by at most one. Weights of eight bits are trained for T steps by
   votes. No weight is further than T, or 254, from where it began, each step moves it by at most 1, and it stays
   between -127 and 127, whatever the members score. Of every number of steps, from every weight, whatever the
   votes are: the rule. *)
From Coq Require Import Reals List Lra Lia ZArith.
Import ListNotations.
Open Scope Z_scope.

(* --- definitions and claim --- *)

Definition clip (w : Z) : Z := Z.max (-127) (Z.min 127 w).

(* from a weight, each next one is that before it with a vote, clipped to eight bits *)
Fixpoint voted (w : Z) (path : list Z) : Prop :=
  match path with
  | [] => True
  | v :: rest => (v = clip (w - 1) \/ v = clip w \/ v = clip (w + 1)) /\ voted v rest
  end.

Definition hypotheses (w : Z) (path : list Z) : Prop := -127 <= w <= 127 /\ voted w path.

Definition lhs (w : Z) (path : list Z) : R := IZR (Z.abs (last path w - w)).

Definition rhs (w : Z) (path : list Z) : R := IZR (Z.min (Z.of_nat (length path)) 254).

Definition claim : Prop := forall w path, hypotheses w path -> (lhs w path <= rhs w path)%R.

(* --- proof --- *)

Ltac holds := unfold hypotheses, voted, clip; repeat split; lia.

Ltac impossible :=
  repeat match goal with |- context [IZR ?z] => let v := eval vm_compute in z in progress change z with v end; lra.

Ltac anchored := split; [holds | split; unfold lhs, rhs; f_equal; reflexivity].

(* --- theorem --- *)

Lemma near : forall path w, -127 <= w <= 127 -> voted w path ->
  -127 <= last path w <= 127 /\ Z.abs (last path w - w) <= Z.of_nat (length path).
Proof.
  intro path. induction path as [|v path IH]; intros w W V; [simpl; lia|].
  destruct V as [M V]. unfold clip in M. assert (B : -127 <= v <= 127) by lia.
  destruct (IH v B V) as [C D]. replace (last (v :: path) w) with (last path v).
  - simpl length. lia.
  - clear. revert v w. induction path as [|u path IH]; intros; [reflexivity|]. simpl in *.
    destruct path; [reflexivity|]. apply (IH v w).
Qed.

Theorem certified : claim.
Proof. intros w path [W V]. destruct (near path w W V). unfold lhs, rhs. apply IZR_le. lia. Qed.
