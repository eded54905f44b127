(* dual_mirror_descent/DMD-LB2: No online policy keeps more than 1/(K - (K - 1) epsilon) of every sequence. If
   rewards grow by a factor 1/epsilon from each of K phases to the next, end after an unknown phase kappa, and the
   budget lasts for one phase, then for some kappa an online policy earns R_kappa of at most 1/(K - (K - 1)
   epsilon) times the optimum OPT_kappa. Of every number of phases, every epsilon in (0, 1) and every policy that
   does not know which phase is the last: the rule. *)
From Coq Require Import Reals ZArith List Lra Lia.
Import ListNotations.
Open Scope R_scope.

(* --- definitions and claim --- *)

Definition sum (numbers : list R) : R := fold_right Rplus 0 numbers.

Definition least (numbers : list R) : R := match numbers with [] => 0 | first :: rest => fold_right Rmin first rest end.

(* the worth of what phases get, in units of the reward of the last of them; that of each phase is epsilon of the next *)
Definition worth (epsilon : R) (shares : list R) : R := fold_left (fun before share => epsilon * before + share) shares 0.

(* of each end of the rewards, after phase 1, 2, ..., the shares of the budget that the phases up to it get *)
Definition ends (rows : list (list R)) : list (list R) :=
  map (fun i => firstn (S i) (nth i rows [])) (seq 0 (length rows)).

(* a policy gives each phase a share, the same whether it is the last one or not, and no more than the budget in all *)
Definition hypotheses (epsilon : R) (rows : list (list R)) : Prop :=
  0 < epsilon < 1 /\ (1 <= length rows)%nat /\ length (last rows []) = length rows /\ sum (last rows []) <= 1 /\
  ends rows = map (fun i => firstn (S i) (last rows [])) (seq 0 (length rows)).

(* the least share of the optimum, which serves the last phase that comes *)
Definition lhs (epsilon : R) (rows : list (list R)) : R := least (map (worth epsilon) (ends rows)).

Definition phases (rows : list (list R)) : R := IZR (Z.of_nat (length rows)).

Definition rhs (epsilon : R) (rows : list (list R)) : R := / (phases rows - (phases rows - 1) * epsilon).

Definition claim : Prop := forall epsilon rows, hypotheses epsilon rows -> lhs epsilon rows <= rhs epsilon rows.

(* --- proof --- *)

Lemma least_below : forall numbers x, In x numbers -> least numbers <= x.
Proof.
  intros [|first rest] x H; [contradiction|]. unfold least. revert x H. induction rest as [|y rest IH]; intros x H; simpl in *.
  - destruct H as [-> | []]. lra.
  - destruct H as [-> | [-> | H]].
    + apply Rle_trans with (2 := IH x (or_introl eq_refl)). apply Rmin_r.
    + apply Rmin_l.
    + apply Rle_trans with (2 := IH x (or_intror H)). apply Rmin_r.
Qed.

Lemma least_is : forall numbers x, Forall (Rle x) numbers -> Exists (eq x) numbers -> least numbers = x.
Proof.
  intros numbers x F E. apply Exists_exists in E. destruct E as [y [I <-]]. apply Rle_antisym; [apply least_below, I|].
  destruct F as [|first rest P F]; [contradiction|]. unfold least. clear I.
  induction F as [|z rest Q F IH]; simpl; [exact P | apply Rmin_glb; assumption].
Qed.

(* the least of numbers that are written out *)
Ltac found := apply least_is; simpl; [repeat constructor; lra | repeat first [apply Exists_cons_hd; lra | apply Exists_cons_tl]].

Ltac is_plain number := lazymatch number with context [Rle_dec _ _] => fail | _ => idtac end.

Ltac compared := unfold least, Rmin; simpl;
  repeat match goal with |- context [Rle_dec ?a ?b] => is_plain a; is_plain b; destruct (Rle_dec a b); try lra end.

Ltac holds := unfold hypotheses, sum, ends; simpl; repeat split; try lra; try lia; try reflexivity.

Ltac impossible := unfold phases, ends, worth; simpl; compared.

Ltac anchored := split; [holds | split; unfold lhs, rhs; [unfold ends, worth; found | unfold phases; simpl; field]].

(* --- theorem --- *)

(* shares of which every first part is worth t at least sum up to t for the last phase, and t (1 - epsilon) for each before *)
Lemma spent : forall epsilon t shares, 0 < epsilon < 1 -> shares <> [] ->
  (forall i, (i < length shares)%nat -> t <= worth epsilon (firstn (S i) shares)) ->
  (1 - epsilon) * t * (IZR (Z.of_nat (length shares)) - 1) + worth epsilon shares <= sum shares.
Proof.
  intros epsilon t shares E. induction shares as [|last shares IH] using rev_ind; intros N H; [contradiction|].
  clear N. rewrite length_app in *. simpl length in *. rewrite Nat2Z.inj_add, plus_IZR.
  unfold worth, sum in *. rewrite fold_left_app, fold_right_app. simpl.
  assert (F : forall l a, fold_right Rplus a l = fold_right Rplus 0 l + a) by (clear; induction l as [|x l IH]; intro a; simpl; [lra | rewrite IH; lra]).
  rewrite F. destruct shares as [|x shares]; [simpl; lra|].
  assert (X := H (length shares) ltac:(simpl; lia)). 
  rewrite firstn_app in X. replace (S (length shares) - length (x :: shares))%nat with 0%nat in X by (simpl; lia).
  replace (firstn 0 [last]) with (@nil R) in X by reflexivity.
  rewrite app_nil_r, firstn_all2 in X by (simpl; lia).
  assert (Y : (1 - epsilon) * t * (IZR (Z.of_nat (length (x :: shares))) - 1) +
              fold_left (fun before share => epsilon * before + share) (x :: shares) 0 <= fold_right Rplus 0 (x :: shares)).
  { apply IH; [discriminate|]. intros i L. specialize (H i ltac:(lia)). rewrite firstn_app in H.
    replace (S i - length (x :: shares))%nat with 0%nat in H by (simpl in *; lia).
    replace (firstn 0 [last]) with (@nil R) in H by reflexivity. rewrite app_nil_r in H. exact H. }
  assert (Z : (1 - epsilon) * t <= (1 - epsilon) * fold_left (fun before share => epsilon * before + share) (x :: shares) 0)
    by (apply Rmult_le_compat_l; lra). lra.
Qed.

Theorem certified : claim.
Proof.
  intros epsilon rows [E [K [L [B P]]]]. unfold lhs, rhs, phases. set (t := least _).
  assert (H : forall i, (i < length rows)%nat -> t <= worth epsilon (firstn (S i) (last rows []))).
  { intros i I. apply least_below. rewrite P, map_map. apply in_map_iff. exists i. split; [reflexivity | apply in_seq; lia]. }
  assert (X := spent epsilon t (last rows []) E). rewrite L in X.
  assert (Y : last rows [] <> []) by (intro Y; rewrite Y in L; simpl in L; lia). specialize (X Y H).
  assert (Z := H (length rows - 1)%nat ltac:(lia)). rewrite firstn_all2 in Z by lia.
  assert (N : 1 <= IZR (Z.of_nat (length rows))) by (apply IZR_le; lia). set (n := IZR (Z.of_nat (length rows))) in *.
  assert (Q : 0 < n - (n - 1) * epsilon) by (assert (0 <= (n - 1) * (1 - epsilon)) by (apply Rmult_le_pos; lra); lra).
  apply Rmult_le_reg_r with (n - (n - 1) * epsilon); [exact Q|]. rewrite Rinv_l by lra. lra.
Qed.
